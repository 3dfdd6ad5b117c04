/** A command line that can't be run. The message says what is wrong with it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const USAGE = `Starts and follows runs of a deployed Sluice.

  sluice run [URL …] [--input FILE] [--process NAME] [--on-late partial|fail] [--name RUN] [--detach]
  sluice retry RUN [--on-late partial|fail] [--name RUN] [--detach]
  sluice watch RUN
  sluice report RUN
  sluice stop

  run      starts a run, shows its progress to the end, and then its report.
           With neither URLs nor --input it runs the deployment's default input.
  retry    starts a run of just what an earlier one left failed or missing, and follows it in the same way.
  watch    shows a run's progress to the end, and then its report. Ctrl-C ends the watching, not the run.
  report   shows the report of a run that has ended.
  stop     stops every run and every worker of the deployment, and waits until nothing runs: before "cdk destroy".

  RUN is a run's id, which is the name of its execution, or the execution's ARN.

Options
  --input FILE      an execution input as JSON (docs/input.md); "-" reads it from standard input
  --process NAME    the processor that each landed object gets
  --on-late WORD    partial (go on with what there is) or fail
  --name RUN        the new run's id; without it, run-<date>-<time> or retry-<date>-<time>
  --detach          print the run's id and don't wait for it
  --stack NAME      the CloudFormation stack of the deployment (Sluice)
  --help            this text

AWS credentials and region come from where the AWS CLI takes them: AWS_PROFILE, AWS_REGION and so on.
Ends with 0 for a complete run, 3 for a partial one, 4 for one that was late, 1 for one that failed, 2 for a wrong command.
`;

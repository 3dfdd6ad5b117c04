// Reports checkov's findings. Fails for a finding that is not acknowledged below, for an acknowledgement that is no
// longer needed, and if checkov has checked nothing.
import { readFileSync } from 'node:fs';

/**
 * Findings that are as they should be, at one kind of resource. A check that is wrong for all resources is in
 * checkov.yaml.
 */
const ACKNOWLEDGED = [
  {
    check: 'CKV_AWS_21',
    resource: /^AWS::S3::Bucket\.Artifacts/,
    reason:
      'Each build of the delivery writes its artifacts under names of their own, and they are deleted after 30 days',
  },
  {
    check: 'CKV_AWS_26',
    resource: /^AWS::SNS::Topic\.Topic/,
    reason: 'The messages of the delivery say which step ended how; a KMS key for them costs a dollar a month',
  },
  {
    check: 'CKV_AWS_111',
    resource: /^AWS::IAM::Policy\.PipelineAssetsFileRole/,
    reason: "CDK's own role for the assets: it serves builds whose projects it can't name",
  },
];

const report = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const findings = report.results?.failed_checks ?? [];
const isAcknowledged =
  (finding) =>
  ({ check, resource }) =>
    check === finding.check_id && resource.test(finding.resource);
const left = findings.filter((finding) => !ACKNOWLEDGED.some(isAcknowledged(finding)));
for (const { check_id, check_name, resource } of left) console.log(`${check_id} ${resource}: ${check_name}`);
const notNeeded = ACKNOWLEDGED.filter((one) => !findings.some((finding) => isAcknowledged(finding)(one)));
for (const { check, resource } of notNeeded)
  console.log(`${check} ${resource}: acknowledged, and not found. Remove it.`);
const { passed = 0, resource_count: resources = 0 } = report.summary ?? {};
console.log(
  `checkov: ${passed} checks of ${resources} resources passed, ${findings.length - left.length} acknowledged, ${left.length} failed`,
);
if (passed === 0 || left.length + notNeeded.length > 0) process.exitCode = 1;

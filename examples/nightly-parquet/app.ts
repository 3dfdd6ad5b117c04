import { App, Stack } from 'aws-cdk-lib';
import { SluicePipeline } from 'sluice/constructs';

const app = new App();
const stack = new Stack(app, 'OpenData');
const publisher = process.env.PUBLISHER ?? 'https://opendata.example.org';

// Each night, the pipeline lands the file of the day before and converts it to Parquet. Athena, Spark or DuckDB can
// read all Parquet files as one table.
new SluicePipeline(stack, 'Sluice', {
  settings: {
    gate: { intervalSeconds: 30, attempts: 120 },
    schedules: [
      {
        name: 'stations',
        expression: 'cron(30 4 * * ? *)',
        timeZone: 'Europe/Berlin',
        input: {
          sources: [
            {
              url: `${publisher}/stations-{yyyy-MM-dd|-1d}.csv`,
              key: 'raw/stations/{yyyy-MM-dd|-1d}.csv',
            },
          ],
          process: {
            processor: 'parquet',
            options: { types: { temperature: 'DECIMAL(5,2)' }, maxBadRows: '1%' },
            to: 'tables/stations/day={yyyy-MM-dd|-1d}/',
            mode: 'replace',
          },
        },
      },
    ],
  },
});

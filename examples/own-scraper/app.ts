import { App, Stack } from 'aws-cdk-lib';
import { SluicePipeline } from 'sluice/constructs';

const app = new App();
const stack = new Stack(app, 'Prices');
const shop = process.env.SHOP ?? 'https://shop.example.org';

// Each morning, a scraper of our own reads all prices of a shop and writes them as JSON Lines.
new SluicePipeline(stack, 'Sluice', {
  settings: {
    gate: { intervalSeconds: 30, attempts: 120 },
    workers: { parquet: false, itemMinutes: 60, processors: { 'shop-prices': 'shop-prices.ts' } },
    schedules: [
      {
        name: 'prices',
        expression: 'cron(0 5 * * ? *)',
        timeZone: 'Europe/Berlin',
        input: { work: [{ processor: 'shop-prices', name: 'shop', input: { url: `${shop}/prices` } }] },
      },
    ],
  },
});

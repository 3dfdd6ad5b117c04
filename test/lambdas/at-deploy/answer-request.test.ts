import type { IncomingHttpHeaders } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerRequest, type DeployRequest } from '#lambdas/at-deploy/answer-request.ts';
import { startWeb, type Web } from '#test/helpers/web.ts';

let web: Web;
let refusals: number;
let taken: { headers: IncomingHttpHeaders; answer: Record<string, string> }[];

beforeEach(async () => {
  refusals = 0;
  taken = [];
  web = await startWeb(async (request, response) => {
    const answer = JSON.parse((await request.setEncoding('utf8').toArray()).join(''));
    if (refusals-- > 0) return void response.writeHead(503).end('slow down');
    taken.push({ headers: request.headers, answer });
    response.end();
  });
});
afterEach(() => web.stop());

function request(PhysicalResourceId?: string): DeployRequest {
  return {
    RequestType: 'Update',
    ResponseURL: `${web.url}/answer?X-Amz-Signature=s`,
    StackId: 'stack',
    RequestId: 'request',
    LogicalResourceId: 'Step',
    ResourceType: 'Custom::Step',
    ResourceProperties: {},
    PhysicalResourceId,
  };
}

describe('the answer to CloudFormation', () => {
  it('the answer to CloudFormation names the physical id, without a content type, which the signature does not include', async () => {
    await answerRequest(request(), async () => 'made');
    expect(web.requests).toEqual(['PUT /answer?X-Amz-Signature=s']);
    expect(taken[0]?.headers).not.toHaveProperty('content-type');
    expect(taken[0]?.answer).toEqual({
      Status: 'SUCCESS',
      PhysicalResourceId: 'made',
      StackId: 'stack',
      RequestId: 'request',
      LogicalResourceId: 'Step',
    });
  });

  it('the answer to CloudFormation says why a step failed, and keeps the physical id', async () => {
    await answerRequest(request('before'), async () => {
      throw new TypeError('x'.repeat(3_000));
    });
    expect(taken[0]?.answer).toMatchObject({ Status: 'FAILED', PhysicalResourceId: 'before' });
    expect(taken[0]?.answer.Reason).toMatch(/^TypeError: x{1900,2000}$/);
  });

  it('the answer to CloudFormation is sent again if CloudFormation does not accept it', async () => {
    refusals = 1;
    await answerRequest(request('before'), async () => undefined);
    expect(web.requests).toHaveLength(2);
    expect(taken[0]?.answer).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'before' });
  });
});

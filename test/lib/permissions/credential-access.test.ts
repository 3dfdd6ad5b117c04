import { expect, it } from 'vitest';
import { synthesise } from '../synthesise.ts';

const readers = (settings: Record<string, unknown>) =>
  Object.entries(synthesise(settings).findResources('AWS::IAM::Policy')).flatMap(([name, policy]) =>
    (policy.Properties.PolicyDocument.Statement as { Action: string | string[]; Resource: unknown }[])
      .filter(({ Action }) => [Action].flat().some((action) => /^(secretsmanager|ssm):/.test(action)))
      .map((statement) => ({ role: name.replace(/Role.*/, ''), ...statement })),
  );

it('no function may read a secret if none is granted', () => {
  expect(readers({})).toEqual([]);
});

it('the functions that transfer may read the granted secrets and parameters, by name', () => {
  const found = readers({
    'sources.credentials': [
      { secret: 'vendor/*', hosts: ['api.example.org'] },
      { secret: 'exact', hosts: ['*.example.org'] },
      { parameter: '/vendor/token', hosts: ['api.example.org'] },
    ],
  });
  expect(new Set(found.map(({ role }) => role))).toEqual(new Set(['Functionsopen', 'Functionsslice', 'WorkersTask']));
  const resources = JSON.stringify(found.map(({ Resource }) => Resource));
  for (const name of [':secret:vendor/*"', ':secret:exact-??????"', ':parameter/vendor/token"'])
    expect(resources).toContain(name);
});

it.each([
  ['no host', { secret: 'a' }],
  ['a wildcard of all', { secret: '*', hosts: ['a.example'] }],
  ['no such thing', { secrets: 'a', hosts: ['a.example'] }],
  ['a host that is none', { secret: 'a', hosts: ['*'] }],
])('refuses a grant with %s', (_name, grant) => {
  expect(() => readers({ 'sources.credentials': [grant] })).toThrow(/sources\.credentials/);
});

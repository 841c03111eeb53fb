// What serverless.yml takes from the environment: an empty variable is an unset one, and nothing is permitted
// that was not named.
'use strict';

const list = (text) => (text || '').split(',').map((part) => part.trim()).filter(Boolean);

const s3 = (uri) => {
  const found = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(uri);
  return found && { bucket: found[1], key: found[2] || '' };
};

const s3Arn = (path) => ({ 'Fn::Sub': `arn:\${AWS::Partition}:s3:::${path}` });

const allow = (Action, Resource, more = {}) => ({ Effect: 'Allow', Action, Resource, ...more });

const policy = (Statement) => ({
  Type: 'AWS::IAM::Policy',
  Properties: {
    PolicyName: 'data',
    PolicyDocument: { Version: '2012-10-17', Statement },
    Roles: [{ Ref: 'IamRoleLambdaExecution' }],
  },
});

module.exports = async () => {
  const env = Object.fromEntries(Object.entries(process.env).map(([name, value]) => [name, value.trim()]));
  const tables = list(env.TABLES);
  const buckets = [...new Set([
    ...list(env.MONITORED_BUCKETS),
    ...tables.map(s3).filter(Boolean).map(({ bucket }) => bucket),
  ])];
  const environment = {};
  const statements = [];

  for (const bucket of buckets) {
    if (!s3(`s3://${bucket}`) || bucket.includes('/')) {
      throw new Error(`MONITORED_BUCKETS: '${bucket}' is not the name of a bucket; write names with commas between`);
    }
  }
  if (buckets.length) {
    statements.push(
      allow(['s3:ListBucket'], buckets.map((bucket) => s3Arn(bucket))),
      allow(['s3:GetObject'], buckets.map((bucket) => s3Arn(`${bucket}/*`))),
    );
  }
  if (tables.length) environment.TABLES = tables.join(',');

  if (env.CONFIG) {
    const config = s3(env.CONFIG);
    if (!config || !config.key) {
      throw new Error(`CONFIG: '${env.CONFIG}' is not in S3; the function carries code only: write s3://bucket/checks.yml`);
    }
    environment.CONFIG = env.CONFIG;
    statements.push(allow(['s3:GetObject'], [s3Arn(`${config.bucket}/${config.key}`)]));
  }

  if (env.HISTORY) {
    const history = s3(env.HISTORY);
    const prefix = history && history.key.replace(/\/+$/, '');
    if (!prefix) {
      throw new Error(`HISTORY: '${env.HISTORY}' is not a folder in S3; write s3://bucket/folder/`);
    }
    environment.HISTORY = env.HISTORY;
    statements.push(
      allow(['s3:GetObject', 's3:PutObject'], [s3Arn(`${history.bucket}/${prefix}/*`)]),
      // Without it S3 answers "denied" for a document that is not there yet.
      allow(['s3:ListBucket'], [s3Arn(history.bucket)], {
        Condition: { StringLike: { 's3:prefix': [prefix, `${prefix}/*`] } },
      }),
    );
  }

  return {
    environment,
    resources: statements.length ? { Resources: { MonitorDataPolicy: policy(statements) } } : {},
    subscriptions: env.ALERT_EMAIL ? [{ Protocol: 'email', Endpoint: env.ALERT_EMAIL }] : [],
  };
};

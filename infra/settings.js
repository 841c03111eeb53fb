// What serverless.yml takes from its block of parameters: what is made, what is used, and what the role may do.
// An empty parameter is an unset one, and nothing is permitted that was not named.
'use strict';

const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { execFileSync } = require('node:child_process');

const MOST_OF_A_POLICY = 6144; // characters of a managed policy without white space (IAM quotas)
const OWN_FOLDER = 'table-monitor/'; // so that a bucket that was kept can be named as HISTORY
const ROOT = path.dirname(__dirname);

const list = (text) => [...new Set(String(text).split(',').map((part) => part.trim()).filter(Boolean))];

const fail = (variable, message) => {
  throw new Error(`${variable}: ${message}`);
};

const whole = (variable, text, lowest, highest) => {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < lowest || number > highest) {
    fail(variable, `'${text}' is not a whole number from ${lowest} to ${highest}`);
  }
  return number;
};

const folder = (variable, uri) => {
  const found = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/(.+?)\/*$/.exec(uri);
  if (!found) fail(variable, `'${uri}' is not a folder in S3; write s3://bucket/folder/`);
  return { bucket: found[1], prefix: `${found[2]}/` };
};

const ref = (Ref) => ({ Ref });
const arnOf = (name) => ({ 'Fn::GetAtt': [name, 'Arn'] });
const sub = (text) => ({ 'Fn::Sub': text });
const allow = (Sid, Action, Resource, Condition) => ({
  Sid, Effect: 'Allow', Action, Resource, ...(Condition && { Condition }),
});

const fromSchedule = (expression, timeout) => {
  const python = process.env.CHECKS_PYTHON || path.join(ROOT, '.venv', 'bin', 'python');
  try {
    const told = execFileSync(python, ['-m', 'infra.schedule', expression, String(timeout)], {
      cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'],
    });
    return JSON.parse(told);
  } catch (error) {
    throw new Error((error.stderr || error.message).trim());
  }
};

const configPolicy = (given) => {
  const file = path.resolve(__dirname, given.policy);
  if (!fs.existsSync(file)) {
    fail('POLICY', `there is no ${given.policy}; make deploy writes it, or write what \`checks iam\` prints there`);
  }
  const policy = JSON.parse(fs.readFileSync(file, 'utf8'));
  const size = JSON.stringify(policy).length;
  if (size > MOST_OF_A_POLICY) {
    fail('POLICY', `${given.policy} has ${size} characters, and IAM takes ${MOST_OF_A_POLICY}`);
  }
  return policy.Statement && policy.Statement.length ? policy : null;
};

// Where `make deploy` puts a local config: below the history.
const uploadedTo = (given, own) => {
  const { bucket, prefix } = own.history ? { prefix: OWN_FOLDER } : folder('HISTORY', given.history);
  return { bucket, key: `${prefix}config/${path.basename(given.config)}` };
};

// A config that states another history than HISTORY leads `checks iam` there, and lies here all the same.
const uploaded = (given, own) => {
  if (own.history || !given.config || given.config.startsWith('s3://')) return [];
  const { bucket, key } = uploadedTo(given, own);
  return [allow('Config', ['s3:GetObject'], [sub(`arn:\${AWS::Partition}:s3:::${bucket}/${key}`)])];
};

const ownStatements = (given, own, keyArn, topicArn) => [
  allow('Log', ['logs:CreateLogStream', 'logs:PutLogEvents'], [arnOf('MonitorLogGroup')]),
  allow('FailedRuns', ['sqs:SendMessage'], [arnOf('MonitorFailures')]),
  allow('Heartbeat', ['cloudwatch:PutMetricData'], ['*'], {
    StringEquals: { 'cloudwatch:namespace': given.metrics },
  }),
  allow('Key', ['kms:Decrypt', 'kms:GenerateDataKey'], [keyArn]),
  ...(own.topic ? [allow('Report', ['sns:Publish', 'sns:ListSubscriptionsByTopic'], [topicArn])] : []),
  ...(own.history
    ? [
      allow('History', ['s3:GetObject', 's3:PutObject'], [sub(`\${MonitorHistory.Arn}/${OWN_FOLDER}*`)]),
      // Without it S3 answers "denied" for a document that is not there yet; a condition on a prefix would not do.
      allow('HistoryAbsent', ['s3:ListBucket'], [arnOf('MonitorHistory')]),
    ]
    : []),
  ...uploaded(given, own),
];

const subscriptions = (emails, name, TopicArn) => Object.fromEntries(emails.map((Endpoint) => [
  // Named by the address, so that the others stay subscribed when one goes.
  `${name}${crypto.createHash('sha256').update(Endpoint).digest('hex').slice(0, 10)}`,
  { Type: 'AWS::SNS::Subscription', Properties: { TopicArn, Protocol: 'email', Endpoint } },
]));

// With a slash at its end, so that names of what lies there can be written behind it.
const historyOf = (given, own) => {
  if (own.history) return sub(`s3://\${MonitorHistory}/${OWN_FOLDER}`);
  const { bucket, prefix } = folder('HISTORY', given.history);
  return `s3://${bucket}/${prefix}`;
};

const environmentOf = (given, own, topicArn) => {
  const environment = {
    TOPIC_ARN: topicArn,
    HISTORY: historyOf(given, own),
    METRICS_NAMESPACE: given.metrics,
    GX_ANALYTICS_ENABLED: 'false',
  };
  for (const name of list(given.configVariables)) {
    if (!process.env[name]) fail('CONFIG_VARIABLES', `${name} is not set`);
    environment[name] = process.env[name];
  }
  if (given.tables) environment.TABLES = list(given.tables).join(',');
  if (given.config.startsWith('s3://')) {
    environment.CONFIG = given.config;
  } else if (given.config) {
    const { bucket, key } = uploadedTo(given, own);
    environment.CONFIG = own.history ? sub(`s3://\${MonitorHistory}/${key}`) : `s3://${bucket}/${key}`;
  }
  return environment;
};

const derive = (given, stage) => {
  for (const [name, value] of Object.entries({
    CRON_SCHEDULE: given.schedule, ARCH: given.architecture, METRICS_NAMESPACE: given.metrics, POLICY: given.policy,
  })) {
    if (!value) fail(name, 'it is set and empty; leave it out');
  }
  if (!given.config && !given.tables) fail('CONFIG', 'neither CONFIG nor TABLES is set, so there is nothing to check');
  if (!['x86_64', 'arm64'].includes(given.architecture)) fail('ARCH', `'${given.architecture}' is not x86_64 or arm64`);
  const own = { topic: !given.topic, key: !given.key, history: !given.history };
  if (!own.history) folder('HISTORY', given.history);
  const timeout = whole('TIMEOUT', given.timeout, 60, 900);
  const { event_age: eventAge, heartbeat } = fromSchedule(given.schedule, timeout);
  const keyArn = own.key ? arnOf('MonitorKey') : given.key;
  const topicArn = own.topic ? ref('S3TableMonitoringNotifications') : given.topic;
  const alertEmails = list(given.alertEmails);
  const policy = configPolicy(given);
  const suffix = stage === 'prod' ? '' : `-${stage}`;
  const concurrency = given.reservedConcurrency;
  return {
    architecture: given.architecture,
    timeout,
    memory: whole('MEMORY_SIZE', given.memory, 1024, 10240),
    logDays: whole('LOG_RETENTION_DAYS', given.logDays, 1, 3653),
    reportDays: whole('REPORT_RETENTION_DAYS', given.reportDays, 1, 36500),
    longRunMs: timeout * 800,
    eventAge,
    heartbeat,
    keyArn,
    reportsPrefix: `${OWN_FOLDER}runs/`,
    datasetsPrefix: `${OWN_FOLDER}datasets/`,
    topicName: `S3TableMonitoringNotifications${suffix}`,
    operationsTopicName: `S3TableMonitoringOperations${suffix}`,
    environment: environmentOf(given, own, topicArn),
    statements: ownStatements(given, own, keyArn, topicArn),
    managedPolicies: policy ? [ref('MonitorConfigPolicy')] : [],
    files: {
      key: own.key ? 'key' : 'none',
      topic: own.topic ? 'topic' : 'none',
      history: own.history ? 'history' : 'none',
      heartbeat: heartbeat ? 'heartbeat' : 'none',
    },
    resources: {
      Resources: {
        ...subscriptions(alertEmails, 'AlertTo', topicArn),
        ...subscriptions(
          given.operationsEmails ? list(given.operationsEmails) : alertEmails, 'AlarmTo', ref('MonitorOperations'),
        ),
        ...(policy && {
          MonitorConfigPolicy: {
            Type: 'AWS::IAM::ManagedPolicy',
            Properties: { Description: 'What the config reads and publishes (checks iam)', PolicyDocument: policy },
          },
        }),
      },
      extensions: concurrency
        ? {
          MonitorLambdaFunction: {
            Properties: { ReservedConcurrentExecutions: whole('RESERVED_CONCURRENCY', concurrency, 1, 1000) },
          },
        }
        : {},
      Outputs: {
        TopicArn: { Description: 'Where the reports are published; subscribe to it', Value: topicArn },
        History: {
          Description: 'What the monitor remembers; it outlives the stack where the stack made it',
          Value: historyOf(given, own),
        },
        FunctionName: { Description: 'The function', Value: ref('MonitorLambdaFunction') },
        RoleArn: { Description: 'The role that it runs with; roles in other accounts trust it', Value: arnOf('MonitorRole') },
      },
    },
  };
};

let derived; // the same for each place that asks

module.exports = async ({ resolveVariable }) => {
  derived ??= (async () => {
    const given = await resolveVariable('self:custom.given');
    const stage = await resolveVariable('sls:stage');
    const trimmed = Object.entries(given).map(([name, value]) => [name, String(value).trim()]);
    return derive(Object.fromEntries(trimmed), stage);
  })();
  return derived;
};

// Alerts by log query, and who is told of them. What each means, and what to do: docs/runbook.md "Alerts".
//
// Each query lies in ../queries/alerts and names a table in `union isfuzzy=true` beside an empty one of the same columns: a
// rule whose query fails for a week, for want of a table that the first line makes, is switched off by the platform.
//
// A rule is of one of two kinds. One that tells of a state (`autoMitigate`) sends one mail, and another when the state has
// passed. One that tells of what happened stays fired until somebody closes it, for that a message was lost does not pass: it
// sends a mail when it happens, and is then mute as long as its window, so that nothing is told twice and nothing left out.
// Every window is longer than the time between two looks, by more than lines need to arrive: a few minutes.

param location string
param tags object

@minLength(13)
param token string

@description('The Log Analytics workspace whose tables the queries read.')
param workspaceId string

@description('Who gets the mails. Without an address the alerts are there, and nobody is told.')
param alertEmail string

var runbook = 'docs/runbook.md#alerts'

var rules = [
  {
    name: 'poison'
    title: 'A message failed for good'
    advice: 'A message is in a poison queue. See what the log says of its failure, mend that, then run: python -m admin events redrive. Retention does the same every night; after seven days the message is gone.'
    query: loadTextContent('../queries/alerts/poison.kql')
    severity: 1 // an event may be undelivered
    frequency: 'PT5M'
    window: 'PT1H' // as long as it is mute: one mail an hour, however many fail
    range: null
    isState: false
    measure: 'messages'
    aggregation: 'Total'
    above: 0 // a queue's message has failed five times by then
    dimensions: ['queue']
  }
  {
    name: 'backlog'
    title: 'Events wait for their dispatch'
    advice: 'Events were acknowledged over ten minutes ago and are not dispatched. See python -m admin status, and GET /api/health?deep=1: is the app running, is storage there? They are not lost: python -m admin events redrive and the next run of Retention announce them again.'
    query: loadTextContent('../queries/alerts/backlog.kql')
    severity: 1 // nothing is delivered meanwhile
    frequency: 'PT5M'
    window: 'P1D' // longer than the night's repair is away, so it lasts until the events are dispatched
    range: null
    isState: true
    measure: 'seconds'
    aggregation: 'Maximum'
    above: 600 // dispatch takes seconds; a cold start and late lines are well within ten minutes
    dimensions: []
  }
  {
    name: 'webhook-disabled'
    title: 'A webhook was disabled'
    advice: 'Its receiver failed for a day, or answered 410. What comes is held. Read its LastError, have the receiver repaired, set the webhook to Active, then replay what is held.'
    query: loadTextContent('../queries/alerts/webhook-disabled.kql')
    severity: 2 // a receiver is at fault, and nothing is lost
    frequency: 'PT15M' // it took a day to come so far
    window: 'PT1H'
    range: null
    isState: false
    measure: 'times'
    aggregation: 'Total'
    above: 0
    dimensions: ['webhook', 'reason']
  }
  {
    name: 'failed-attempts'
    title: 'Most deliveries fail'
    advice: 'More than half of all attempts fail. See in the workbook with which class and at which webhooks: many classes dns, refused or timeout at once mean our own way out, one webhook means its receiver. Deliveries are tried again by themselves.'
    query: loadTextContent('../queries/alerts/failed-attempts.kql')
    severity: 2 // deliveries are tried again for 17 hours
    frequency: 'PT15M'
    window: 'PT30M' // enough attempts to speak of a percentage
    range: null
    isState: true
    measure: 'percent'
    aggregation: 'Maximum'
    above: 50
    dimensions: []
  }
  {
    name: 'server-errors'
    title: 'Requests that bring events fail'
    advice: 'The hub answers 5xx to those who send events. See the workbook for the error and GET /api/health?deep=1 for what is out of reach or wrongly set. Afterwards replay what Dataverse could not send: python -m admin dynamics failures, then replay.'
    query: loadTextContent('../queries/alerts/server-errors.kql')
    severity: 1 // what is not taken is not kept
    frequency: 'PT5M'
    window: 'PT15M'
    range: null
    isState: true
    measure: 'failed'
    aggregation: 'Total'
    above: 1 // Dataverse sends a request once more: a second failure means that an event did not come
    dimensions: ['function']
  }
  {
    name: 'role-directory'
    title: 'The role directory does not answer'
    advice: 'Who is a Relationship Manager cannot be asked, so connections are refused with 503, and so are API calls. For graph see its permissions and ROLE_DIRECTORY in docs/security.md, for table the storage account.'
    query: loadTextContent('../queries/alerts/role-directory.kql')
    severity: 1 // connections that need an answer are refused
    frequency: 'PT5M'
    window: 'PT15M'
    range: null
    isState: true
    measure: 'unanswered'
    aggregation: 'Total'
    above: 1 // as above: a single failure is asked again
    dimensions: ['directory']
  }
  {
    name: 'dataverse-refusals'
    title: 'Requests of Dataverse are refused'
    advice: 'Dataverse does not send them again. 401: the function key in the registration is wrong (python -m admin dynamics ensure). 403: see DYNAMICS_ORGANIZATIONS and the roles. 400: Dataverse was told what is wrong. python -m admin dynamics failures shows what it was told, and what to replay afterwards.'
    query: loadTextContent('../queries/alerts/dataverse-refusals.kql')
    severity: 1 // each one is an event that does not come by itself
    frequency: 'PT15M'
    window: 'PT1H'
    range: null
    isState: false
    measure: 'refused'
    aggregation: 'Total'
    above: 0
    dimensions: ['function', 'status']
  }
  {
    name: 'retention'
    title: 'Retention did not run'
    advice: 'For 26 hours no run of Retention has succeeded, or the hub logs nothing at all. Is the app running, is RETENTION_SCHEDULE set, is the daily cap of the workspace reached? Run it by hand as docs/retention.md says, and read its line in the workbook.'
    query: loadTextContent('../queries/alerts/retention.kql')
    severity: 2 // what it repairs waits a day longer
    frequency: 'PT1H'
    window: 'P1D' // as long as it is mute: a reminder a day
    range: 'P2D' // what the hub said before the 26 hours tells that it is that old
    isState: false // after two days of silence the query finds nothing, which is no good news
    measure: null
    aggregation: 'Count'
    above: 0
    dimensions: []
  }
  {
    name: 'log-cap'
    title: 'The daily cap of the logs is reached'
    advice: 'The workspace takes no more lines today: nothing is lost but the log, and the other alerts see nothing until the cap is reset. See in the workspace, under Usage and estimated costs, what has grown; raise dailyQuotaGb if the hub has.'
    query: loadTextContent('../queries/alerts/log-cap.kql')
    severity: 2 // the hub works, but nobody would be told if it did not
    frequency: 'PT1H'
    window: 'P1D' // the cap is a day's
    range: null
    isState: false
    measure: null
    aggregation: 'Count'
    above: 0
    dimensions: []
  }
]

resource team 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(alertEmail)) {
  name: 'ag-${token}'
  location: 'Global'
  tags: tags
  properties: {
    groupShortName: 'webhookhub'
    enabled: true
    emailReceivers: [
      {
        name: 'team'
        emailAddress: alertEmail
        useCommonAlertSchema: true
      }
    ]
  }
}

resource alerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for rule in rules: {
    name: '${rule.name}-${token}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: 'Webhook hub: ${rule.title}'
      description: '${rule.advice} More: ${runbook}'
      severity: rule.severity
      enabled: true
      scopes: [workspaceId]
      evaluationFrequency: rule.frequency
      windowSize: rule.window
      overrideQueryTimeRange: rule.range
      autoMitigate: rule.isState
      muteActionsDuration: rule.isState ? null : rule.window
      skipQueryValidation: true // the tables come with the first line
      criteria: {
        allOf: [
          {
            query: rule.query
            timeAggregation: rule.aggregation
            metricMeasureColumn: rule.measure
            operator: 'GreaterThan'
            threshold: rule.above
            dimensions: [
              for name in rule.dimensions: {
                name: name
                operator: 'Include'
                values: ['*']
              }
            ]
            failingPeriods: {
              numberOfEvaluationPeriods: 1
              minFailingPeriodsToAlert: 1
            }
          }
        ]
      }
      actions: {
        actionGroups: empty(alertEmail) ? [] : [team.id]
      }
    }
  }
]

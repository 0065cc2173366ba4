// PLACEHOLDER of the branch infra, so that main.bicep compiles: the piece "alerts" writes this file.

param location string
param tags object
param token string
param workspaceId string
param alertEmail string

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

resource poison 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = {
  name: 'poison-${token}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    severity: 1
    enabled: true
    scopes: [workspaceId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    skipQueryValidation: true
    criteria: {
      allOf: [
        {
          query: 'AppTraces | where Message has "message.poisoned"'
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 0
        }
      ]
    }
    actions: {
      actionGroups: empty(alertEmail) ? [] : [team.id]
    }
  }
}

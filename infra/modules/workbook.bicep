// PLACEHOLDER of the branch infra, so that main.bicep compiles: the piece "alerts" writes this file.

param location string
param tags object
param workspaceId string

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, 'webhook-hub')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Webhook hub'
    category: 'workbook'
    version: 'Notebook/1.0'
    sourceId: workspaceId
    serializedData: '{"version":"Notebook/1.0","items":[]}'
  }
}

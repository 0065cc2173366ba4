// The workbook "Webhook hub": what came, what was delivered and how fast, what failed, and the way of one event.
//
// It asks the workspace, as the alerts do, whatever it is opened from. Its queries lie in ../queries/workbook; the time is
// that of the parameter TimeRange, which the portal puts around each query.

param location string
param tags object

@description('The Log Analytics workspace whose tables the queries read.')
param workspaceId string

var kind = 'microsoft.operationalinsights/workspaces'

var inputs = {
  type: 9
  name: 'parameters'
  content: {
    version: 'KqlParameterItem/1.0'
    style: 'pills'
    queryType: 0
    resourceType: kind
    crossComponentResources: [workspaceId]
    parameters: [
      {
        id: guid('webhook-hub', 'TimeRange')
        version: 'KqlParameterItem/1.0'
        name: 'TimeRange'
        label: 'Time'
        type: 4
        isRequired: true
        value: { durationMs: 86400000 } // a day, in milliseconds as below
        typeSettings: {
          selectableValues: [
            { durationMs: 3600000 }
            { durationMs: 14400000 }
            { durationMs: 86400000 }
            { durationMs: 259200000 }
            { durationMs: 604800000 }
            { durationMs: 2592000000 }
          ]
          allowCustom: true
        }
      }
      {
        id: guid('webhook-hub', 'Trace')
        version: 'KqlParameterItem/1.0'
        name: 'Trace'
        label: 'Trace or event id'
        description: 'The id of an event, or of a trace, whose lines are shown at the end of the page.'
        type: 1
        isRequired: false
        value: ''
      }
    ]
  }
}

var shown = [
  {
    name: 'arrivals-over-time'
    title: 'Arrivals over time, by outcome'
    query: loadTextContent('../queries/workbook/arrivals-over-time.kql')
    visualization: 'barchart'
  }
  {
    name: 'arrivals'
    title: 'Arrivals by type and outcome'
    query: loadTextContent('../queries/workbook/arrivals.kql')
    visualization: 'table'
  }
  {
    name: 'deliveries'
    title: 'Attempts to deliver, by the state of the delivery afterwards'
    query: loadTextContent('../queries/workbook/deliveries.kql')
    visualization: 'barchart'
  }
  {
    name: 'latency'
    title: 'Seconds from receipt to delivery'
    query: loadTextContent('../queries/workbook/latency.kql')
    visualization: 'timechart'
  }
  {
    name: 'failures'
    title: 'Failed attempts by class'
    query: loadTextContent('../queries/workbook/failures.kql')
    visualization: 'table'
  }
  {
    name: 'slowest-receivers'
    title: 'Slowest receivers (milliseconds of an attempt)'
    query: loadTextContent('../queries/workbook/slowest-receivers.kql')
    visualization: 'table'
  }
  {
    name: 'refused-requests'
    title: 'Refused requests'
    query: loadTextContent('../queries/workbook/refused-requests.kql')
    visualization: 'table'
  }
  {
    name: 'retention'
    title: 'Last runs of Retention'
    query: loadTextContent('../queries/workbook/retention.kql')
    visualization: 'table'
  }
  {
    name: 'trace'
    title: 'The way of one event'
    query: loadTextContent('../queries/workbook/trace.kql')
    visualization: 'table'
  }
]

var items = [
  for item in shown: {
    type: 3
    name: item.name
    content: {
      version: 'KqlItem/1.0'
      title: item.title
      query: item.query
      size: 0
      timeContextFromParameter: 'TimeRange'
      queryType: 0
      resourceType: kind
      crossComponentResources: [workspaceId]
      visualization: item.visualization
      noDataMessage: 'Nothing in this time.'
      showExportToExcel: true
    }
  }
]

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
    serializedData: string({
      version: 'Notebook/1.0'
      items: concat([inputs], items)
      isLocked: false
      fallbackResourceIds: [workspaceId]
    })
  }
}

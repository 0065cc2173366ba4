// @ts-check
// All screens, in the order of the navigation. A screen is a module in views/ (screen.js says how one is written) and
// an entry here; docs/console.md names each. The first route that fits an address counts: `/webhooks/new` before `/webhooks/{id}`.

/** @type {import("./router.js").Role[]} */
const MANAGER = ["manager"];
/** @type {import("./router.js").Role[]} */
const ADMINISTRATOR = ["administrator"];
/** @type {import("./router.js").Role[]} */
const EITHER = ["manager", "administrator"];

const NUMBER = /^\d{1,10}$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** @type {import("./router.js").Route[]} */
export const ROUTES = [
  // Now.
  { path: "/", label: "Now", roles: EITHER, load: () => import("./views/now.js") },

  // Webhooks, Webhook, New, Edit.
  { path: "/webhooks", label: "Webhooks", roles: MANAGER, load: () => import("./views/webhooks.js") },
  { path: "/webhooks/new", roles: MANAGER, load: () => import("./views/edit.js") },
  { path: "/webhooks/{id}", roles: MANAGER, shape: { id: NUMBER }, load: () => import("./views/webhook.js") },
  { path: "/webhooks/{id}/edit", roles: MANAGER, shape: { id: NUMBER }, load: () => import("./views/edit.js") },

  // Events, Event.
  { path: "/events", label: "Events", roles: MANAGER, load: () => import("./views/events.js") },
  { path: "/events/{id}", roles: MANAGER, shape: { id: UUID }, load: () => import("./views/event.js") },

  // Deliveries, Delivery.
  { path: "/deliveries", label: "Deliveries", roles: MANAGER, load: () => import("./views/deliveries.js") },
  {
    path: "/events/{id}/deliveries/{webhook}", section: "/deliveries", roles: MANAGER, shape: { id: UUID, webhook: NUMBER },
    load: () => import("./views/delivery.js"),
  },

  // Dynamics.
  { path: "/dynamics", label: "Dynamics", roles: ADMINISTRATOR, feature: "dynamics", load: () => import("./views/dynamics.js") },
  { path: "/dynamics/ensure", roles: ADMINISTRATOR, load: () => import("./views/dynamics_ensure.js") },
  { path: "/dynamics/{webhook}", roles: ADMINISTRATOR, shape: { webhook: UUID }, load: () => import("./views/dynamics_webhook.js") },
  { path: "/dynamics/{webhook}/steps/{step}", roles: ADMINISTRATOR, shape: { webhook: UUID, step: UUID }, load: () => import("./views/dynamics_failures.js") },

  // ArcGIS connections.
  { path: "/arcgis", label: "ArcGIS", roles: MANAGER, feature: "arcgis", load: () => import("./views/arcgis.js") },

  // Audit.
  { path: "/audit", label: "Audit", roles: ADMINISTRATOR, load: () => import("./views/audit.js") },

  // Reference, Operation, Schema: from Help.
  { path: "/reference", roles: null, load: () => import("./views/reference.js") },
  { path: "/reference/{operation}", roles: null, load: () => import("./views/reference_operation.js") },
  { path: "/reference/schemas/{name}", roles: null, load: () => import("./views/reference_schema.js") },

  // Help.
  { path: "/help", label: "Help", roles: null, load: () => import("./views/help.js") },
];

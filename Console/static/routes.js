// @ts-check
// All screens, in the order of the navigation. A screen is a module in views/ (screen.js says how one is written) and
// an entry here; docs/console.md names each. The first route that fits an address counts: `/webhooks/new` before `/webhooks/{id}`.

/** @type {import("./router.js").Role[]} */
const MANAGER = ["manager"];
/** @type {import("./router.js").Role[]} */
const ADMINISTRATOR = ["administrator"];
/** @type {import("./router.js").Role[]} */
const EITHER = ["manager", "administrator"];

/** @type {import("./router.js").Route[]} */
export const ROUTES = [
  // Now.

  // Webhooks, Webhook, New, Edit.

  // Events, Event.

  // Deliveries, Delivery.

  // Dynamics.
  { path: "/dynamics", label: "Dynamics", roles: ADMINISTRATOR, feature: "dynamics", load: () => import("./views/dynamics.js") },
  { path: "/dynamics/ensure", roles: ADMINISTRATOR, load: () => import("./views/dynamics_ensure.js") },
  { path: "/dynamics/{webhook}", roles: ADMINISTRATOR, load: () => import("./views/dynamics_webhook.js") },
  { path: "/dynamics/{webhook}/steps/{step}", roles: ADMINISTRATOR, load: () => import("./views/dynamics_failures.js") },

  // ArcGIS connections.
  { path: "/arcgis", label: "ArcGIS", roles: MANAGER, feature: "arcgis", load: () => import("./views/arcgis.js") },

  // Audit.

  // Help.
  { path: "/help", label: "Help", roles: null, load: () => import("./views/help.js") },
];

export { ADMINISTRATOR, EITHER, MANAGER };

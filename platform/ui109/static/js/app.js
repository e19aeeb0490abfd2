// The elements that every page may use. A browser test drives each of them.
import "./fragments.js";
import "./live-badge.js";
import "./menus.js";
import "./resilient-form.js";
import "./row-list.js";
import "./server-clock.js";
import "./shortcut-keys.js";
import "./sla-timer.js";
import "./tenant-map.js";
import "./toast-region.js";

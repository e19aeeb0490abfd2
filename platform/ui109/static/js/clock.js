// The server's time: the page says it when rendered, each heartbeat corrects it.
let offset = 0;

export function setServerNow(iso) {
  const at = Date.parse(iso);
  if (!Number.isNaN(at)) offset = at - Date.now();
}

export const serverNow = () => Date.now() + offset;

// Calls `tick` now and every second until the returned function is called.
export function everySecond(tick) {
  tick();
  const timer = setInterval(tick, 1000);
  return () => clearInterval(timer);
}

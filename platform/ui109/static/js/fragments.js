// htmx around fragments: a failed read leaves the page as it is and says so; a lost session goes to the login.
import { toast } from "./toast-region.js";
import { text } from "./texts.js";

document.addEventListener("htmx:response:error", (event) => {
  const status = event.detail?.ctx?.response?.status ?? event.detail?.ctx?.response?.raw?.status;
  if (status === 401) toast(text("ended"), { tone: "bad" });
  else toast(text("fragment_failed"), { tone: "bad" });
});

document.addEventListener("htmx:error", () => toast(text("fragment_failed"), { tone: "bad" }));

// Unsafe htmx requests carry the same token as forms.
document.addEventListener("htmx:config:request", (event) => {
  const token = document.querySelector('meta[name="form-token"]')?.content;
  const headers = event.detail?.ctx?.request?.headers;
  if (headers && token) headers["X-Form-Token"] = token;
});

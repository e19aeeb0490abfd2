// A second hand that no browser slows down, also when its page is behind another window.
setInterval(() => postMessage(0), 1000);

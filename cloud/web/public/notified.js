// Part of the service worker: a tap on a notification leads to the page that it is about.

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  const { path } = event.notification.data ?? {};
  const show = async () => {
    const pages = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
    const page = pages.find((page) => new URL(page.url).pathname === path) ?? pages[0];
    if (page) await page.focus();
    else await self.clients.openWindow(path ?? '/');
  };
  event.waitUntil(show());
});

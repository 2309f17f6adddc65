// Notifications of the system, for those who asked for them, while the page is not in view.

import { signal } from '@preact/signals';

/** Whether the browser could be asked: it has notifications, and nobody has decided yet. */
export const canAsk = signal('Notification' in window && Notification.permission === 'default');

/** Asks for the permission; only in answer to a tap. */
export async function askToNotify(): Promise<void> {
  await Notification.requestPermission();
  canAsk.value = Notification.permission === 'default';
}

/** Says something while the page is hidden; nothing if that is not allowed. A tap on it leads back to this page. */
export async function notify(title: string, body: string, tag: string): Promise<void> {
  if (!document.hidden || !('Notification' in window) || Notification.permission !== 'granted') return;
  const options = { body, tag, icon: '/icons/192.png', data: { path: location.pathname } };
  // On phones only the service worker may; it answers the tap (public/notified.js).
  const worker = await navigator.serviceWorker?.getRegistration();
  if (worker?.active) return worker.showNotification(title, options);
  const shown = new Notification(title, options);
  shown.onclick = () => window.focus();
}

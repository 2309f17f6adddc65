// Installing the app: by the browser's own question where it has one, else by hand.

import { signal } from '@preact/signals';

/** What Chromium's browsers say once the app can be installed. */
interface InstallEvent extends Event {
  prompt(): Promise<unknown>;
}

const HIDDEN = 'wayfare/install-hint-hidden';

/** Asks whether to install; `null` where the browser has no such question, or it is installed. */
export const install = signal<(() => void) | null>(null);

/** Whether the first page says that the app can be installed. */
export const isHintHidden = signal(localStorage.getItem(HIDDEN) !== null);

/** iPhones and iPads install from the menu of the browser only. */
export const isByHand = /iPhone|iPad/.test(navigator.userAgent) && !(navigator as { standalone?: boolean }).standalone;

window.addEventListener('beforeinstallprompt', (event) => {
  event.preventDefault(); // said in the page instead
  install.value = () => {
    install.value = null; // it can be asked once
    void (event as InstallEvent).prompt();
  };
});
window.addEventListener('appinstalled', () => (install.value = null));

export function hideHint(): void {
  isHintHidden.value = true;
  localStorage.setItem(HIDDEN, '');
}

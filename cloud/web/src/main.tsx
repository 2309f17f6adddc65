// Where the app begins.

import './short-tasks.ts';
import { render } from 'preact';
import { App, begin } from './App.tsx';
import { keepApp } from './update.ts';
import './look/page.css';
import './look/notebook.css';

render(<App />, document.getElementById('app')!);
void begin();
keepApp();

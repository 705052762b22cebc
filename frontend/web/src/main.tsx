import './ui/theme.css';

import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { App } from './app/App';
import { Boundary } from './app/Boundary';
import { Failed } from './app/Failed';
import { start } from './app/start';
import { startTheme } from './app/theme';

startTheme();
const element = document.getElementById('root');
if (element === null) throw new Error('index.html has no element with the id root');
const root = createRoot(element);
start().then(
  (page) => root.render(<StrictMode><Boundary><App page={page} /></Boundary></StrictMode>),
  (error: unknown) => root.render(<Failed error={error} />),
);

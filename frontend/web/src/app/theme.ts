const key = 'oneactor.theme';

/** Shows the theme that was chosen, or that of the system. */
export function startTheme(): void {
  const chosen = localStorage.getItem(key) ?? (matchMedia('(prefers-color-scheme: light)').matches ? 'light' : 'dark');
  document.documentElement.dataset.theme = chosen;
}

export function toggleTheme(): void {
  const next = document.documentElement.dataset.theme === 'light' ? 'dark' : 'light';
  document.documentElement.dataset.theme = next;
  localStorage.setItem(key, next);
}

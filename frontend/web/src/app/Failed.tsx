import { Button } from '../ui/Button';

/** The page could not begin (mostly, there is no server), or tripped over itself; kept says that what was open is still there. */
export function Failed({ error, kept = false }: { error: unknown; kept?: boolean }) {
  const details = error instanceof Error && 'details' in error ? String(error.details) : '';
  return (
    <main role="alert" style={{ maxWidth: 480, margin: '20vh auto', padding: 16 }}>
      <h1>oneactor</h1>
      <p>{error instanceof Error ? error.message : String(error)}</p>
      <p>{kept ? 'This is a mistake of the page. The workflows that were open are kept; loading the page again brings them back.' : details}</p>
      <Button kind="primary" onClick={() => location.reload()}>{kept ? 'Load again' : 'Try again'}</Button>
    </main>
  );
}

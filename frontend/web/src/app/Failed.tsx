import { Button } from '../ui/Button';

/** The page could not begin: mostly, there is no server. */
export function Failed({ error }: { error: unknown }) {
  const details = error instanceof Error && 'details' in error ? String(error.details) : '';
  return (
    <main role="alert" style={{ maxWidth: 480, margin: '20vh auto', padding: 16 }}>
      <h1>oneactor</h1>
      <p>{error instanceof Error ? error.message : String(error)}</p>
      <p>{details}</p>
      <Button kind="primary" onClick={() => location.reload()}>Try again</Button>
    </main>
  );
}

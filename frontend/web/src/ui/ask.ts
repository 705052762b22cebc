import { createStore } from 'zustand/vanilla';

type Question = {
  readonly title: string;
  readonly details: string;
  /** What the buttons say; the answer to a question without a field is one of them. */
  readonly buttons: readonly string[];
  /** What the field begins with; null for a question without one. */
  readonly initial: string | null;
  readonly reply: (answer: string | null) => void;
};

export const answers = createStore<{ readonly question: Question | null }>(() => ({ question: null }));

/** Asks for a text; null if the person thinks better of it. */
export function askText(title: string, initial: string, yes = 'OK'): Promise<string | null> {
  return new Promise((reply) => answers.setState({ question: { title, details: '', buttons: [yes], initial, reply } }));
}

/** Asks before something is lost. */
export async function askYes(title: string, details: string, yes: string): Promise<boolean> {
  return (await askChoice(title, details, [yes])) === yes;
}

/** Asks which of some things is to be done; null for none. */
export function askChoice(title: string, details: string, buttons: readonly string[]): Promise<string | null> {
  return new Promise((reply) => answers.setState({ question: { title, details, buttons, initial: null, reply } }));
}

import { createStore } from 'zustand/vanilla';

type Question = {
  readonly title: string;
  readonly details: string;
  readonly yes: string;
  /** What the field begins with; null for a question without one. */
  readonly initial: string | null;
  readonly reply: (answer: string | null) => void;
};

export const answers = createStore<{ readonly question: Question | null }>(() => ({ question: null }));

/** Asks for a text; null if the person thinks better of it. */
export function askText(title: string, initial: string, yes = 'OK'): Promise<string | null> {
  return new Promise((reply) => answers.setState({ question: { title, details: '', yes, initial, reply } }));
}

/** Asks before something is lost. */
export function askYes(title: string, details: string, yes: string): Promise<boolean> {
  return new Promise((reply) => answers.setState({ question: { title, details, yes, initial: null, reply: (a) => reply(a !== null) } }));
}

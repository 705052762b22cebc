import { Dialog } from 'radix-ui';
import { useState } from 'react';
import { useStore } from 'zustand';

import styles from './Ask.module.css';
import { answers } from './ask';
import { Button } from './Button';

/** The question that is open, if there is one. */
export function Ask() {
  const question = useStore(answers, (s) => s.question);
  return question === null ? null : <Question key={question.title} {...question} />;
}

type Props = NonNullable<ReturnType<typeof answers.getState>['question']>;

function Question({ title, details, buttons, initial, reply }: Props) {
  const [text, setText] = useState(initial ?? '');
  const answer = (a: string | null) => {
    answers.setState({ question: null });
    reply(a);
  };
  return (
    <Dialog.Root open onOpenChange={(open) => !open && answer(null)}>
      <Dialog.Portal>
        <Dialog.Overlay className={styles.overlay} />
        <Dialog.Content className={styles.ask} {...(details === '' ? { 'aria-describedby': undefined } : {})}>
          <form onSubmit={(e) => {
            e.preventDefault();
            answer(initial === null ? (buttons[0] ?? null) : text);
          }}>
            <Dialog.Title className={styles.title}>{title}</Dialog.Title>
            {details !== '' && <Dialog.Description className={styles.details}>{details}</Dialog.Description>}
            {initial !== null && <input className={styles.text} aria-label={title} value={text} autoFocus onChange={(e) => setText(e.target.value)} onFocus={(e) => e.target.select()} />}
            <div className={styles.buttons}>
              <Button onClick={() => answer(null)}>Cancel</Button>
              {buttons.slice(1).reverse().map((b) => <Button key={b} onClick={() => answer(b)}>{b}</Button>)}
              <Button type="submit" kind="primary" disabled={initial !== null && text.trim() === ''}>{buttons[0]}</Button>
            </div>
          </form>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

import { Component, type ReactNode } from 'react';

import { Failed } from './Failed';

/** Shows what went wrong where the page trips over itself. The open workflows are kept, so that loading it again brings them back. */
export class Boundary extends Component<{ readonly children: ReactNode }, { readonly error: Error | null }> {
  override readonly state: { readonly error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    return error === null ? this.props.children : <Failed error={error} kept />;
  }
}

import { Component, type ReactNode } from 'react';

/** A part of a page that cannot be shown (its chunk is gone after an upgrade) is absent; the page stays. */
export class FailedPart extends Component<{ readonly children: ReactNode }, { readonly failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    return this.state.failed ? null : this.props.children;
  }
}

import type { ComponentType } from 'react';

import type { Json } from '../json/value';
import type { InputSchema } from '../schema/types';

export type WidgetProps = {
  readonly schema: InputSchema;
  readonly value: Json;
  readonly onChange: (value: Json) => void;
  /** The gesture is over: the next change is a step of its own for undo. */
  readonly onSettle: () => void;
};

export type Widget = ComponentType<WidgetProps>;

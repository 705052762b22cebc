import { createElement } from 'react';

import type { InputSchema } from '../schema/types';
import { ColourWidget } from './ColourWidget';
import { ComboWidget } from './ComboWidget';
import { NumberWidget } from './NumberWidget';
import { SwitchWidget } from './SwitchWidget';
import { TextWidget } from './TextWidget';
import type { Widget, WidgetProps } from './types';
import { UploadWidget } from './UploadWidget';

/** One row per type of input. A type without a row is a socket: it can be wired, not typed in. */
const widgets: Readonly<Record<string, Widget | undefined>> = { INT: NumberWidget, FLOAT: NumberWidget, STRING: TextWidget, BOOLEAN: SwitchWidget, COMBO: ComboWidget };

function widgetFor(schema: InputSchema): Widget | undefined {
  if (schema.type === 'INT' && schema.options.display === 'color') return ColourWidget;
  return schema.upload && schema.type === 'COMBO' ? UploadWidget : widgets[schema.type];
}

/** The widget for a type of input; nothing for a type that can only be wired. */
export function ValueWidget(props: WidgetProps) {
  const widget = widgetFor(props.schema);
  return widget === undefined ? null : createElement(widget, props);
}

package graph

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/oneactor/oneactor/graph/ojson"
)

// object is the ui as the JSON object that clients get, keys sorted.
func (ui UI) object() *ojson.Object {
	keys := make([]string, 0, 4)
	for key := range ui {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	o := ojson.NewObjectSize(len(keys))
	for _, key := range keys {
		items := make([]any, len(ui[key]))
		for i, item := range ui[key] {
			items[i] = jsonValue(item)
		}
		o.Append(key, items)
	}
	return o
}

// jsonValue turns what node authors write by hand into values of package ojson; maps get sorted keys. What is no JSON at all is
// shown as text.
func jsonValue(v any) any {
	switch v := v.(type) {
	case nil, bool, string, int64, uint64, float64, *ojson.Object:
		return v
	case int:
		return int64(v)
	case []string:
		return stringArray(v)
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = jsonValue(item)
		}
		return list
	case map[string]any:
		o := ojson.NewObject()
		for _, key := range slices.Sorted(maps.Keys(v)) {
			o.Set(key, jsonValue(v[key]))
		}
		return o
	}
	if text, err := json.Marshal(v); err == nil {
		if value, err := ojson.Parse(text, ojson.Limits{}); err == nil {
			return value
		}
	}
	return fmt.Sprint(v)
}

package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// schema is what our JSON schemas use of JSON Schema.
type schema struct {
	Ref                  string `json:"$ref"`
	Type                 any    // a name or a list of names
	Properties           map[string]*schema
	Required             []string
	AdditionalProperties json.RawMessage
	Items                *schema
	PrefixItems          []*schema
	Enum                 []any
	Const                any
	AllOf                []*schema
	Description          string
}

// schemaOf is the schema of a component or message.
func schemaOf(t testing.TB, c component) *schema {
	t.Helper()
	s := &schema{}
	d := json.NewDecoder(strings.NewReader(c.schema))
	if err := d.Decode(s); err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	return s
}

func find(list []component, name string) (component, bool) {
	i := slices.IndexFunc(list, func(c component) bool { return c.name == name })
	if i < 0 {
		return component{}, false
	}
	return list[i], true
}

// types are the names of the types that a value may have; none allows all.
func (s *schema) types() []string {
	switch v := s.Type.(type) {
	case string:
		return []string{v}
	case []any:
		out := make([]string, len(v))
		for i, t := range v {
			out[i] = t.(string)
		}
		return out
	}
	return nil
}

// target follows a reference.
func (s *schema) target(t testing.TB) *schema {
	name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/")
	if !ok {
		return s
	}
	c, ok := find(components, name)
	if !ok {
		t.Fatalf("there is no schema %s", name)
	}
	return schemaOf(t, c)
}

// problems compares a value, as encoding/json decodes it, with a schema. A key of an object that its schema does not name is a problem, too.
func (s *schema) problems(t testing.TB, at string, value any) []string {
	s = s.target(t)
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, value) || s.Const != nil && s.Const != value {
		return []string{fmt.Sprintf("%s is %v", at, value)}
	}
	if types := s.types(); types != nil && !slices.ContainsFunc(types, func(name string) bool { return isA(value, name) }) {
		return []string{fmt.Sprintf("%s is %.60v, not of type %s", at, value, strings.Join(types, " or "))}
	}
	var out []string
	switch value := value.(type) {
	case map[string]any:
		for _, key := range s.Required {
			if _, ok := value[key]; !ok {
				out = append(out, fmt.Sprintf("%s lacks %s", at, key))
			}
		}
		var rest *schema
		if len(s.AdditionalProperties) > 0 && string(s.AdditionalProperties) != "false" {
			rest = &schema{}
			if err := json.Unmarshal(s.AdditionalProperties, rest); err != nil {
				t.Fatal(err)
			}
		}
		for _, key := range slices.Sorted(maps.Keys(value)) {
			switch p := s.Properties[key]; {
			case p != nil:
				out = append(out, p.problems(t, at+"."+key, value[key])...)
			case rest != nil:
				out = append(out, rest.problems(t, at+"."+key, value[key])...)
			case len(s.Properties) > 0:
				out = append(out, fmt.Sprintf("%s has %s, which the schema does not know", at, key))
			}
		}
	case []any:
		for i, v := range value {
			item := s.Items
			if i < len(s.PrefixItems) {
				item = s.PrefixItems[i]
			}
			if item != nil {
				out = append(out, item.problems(t, fmt.Sprintf("%s[%d]", at, i), v)...)
			}
		}
	}
	return out
}

func isA(value any, name string) bool {
	switch v := value.(type) {
	case nil:
		return name == "null"
	case bool:
		return name == "boolean"
	case string:
		return name == "string"
	case float64:
		return name == "number" || name == "integer" && v == float64(int64(v))
	case []any:
		return name == "array"
	}
	return name == "object"
}

// checkMessage holds a message of the websocket to its schema.
func checkMessage(t testing.TB, text string) {
	t.Helper()
	var m struct {
		Type string
		Data any
	}
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Errorf("message %.200s: %v", text, err)
		return
	}
	c, ok := find(socketMessages, m.Type)
	if !ok {
		t.Errorf("socketMessages has no %q", m.Type)
		return
	}
	for _, problem := range schemaOf(t, c).problems(t, m.Type, m.Data) {
		t.Error(problem)
	}
}

// checkAnswer holds a successful answer to the schema that the table of operations names for its route.
func checkAnswer(t testing.TB, method, path, body string) {
	t.Helper()
	path, _, _ = strings.Cut(path, "?")
	for _, o := range operations {
		name, ok := strings.CutPrefix(o.answer[strings.Index(o.answer+"json", "json"):], "json: #")
		if !ok || o.method != method || !slices.ContainsFunc(o.paths(), func(p string) bool { return fitsRoute(p, path) }) {
			continue
		}
		c, ok := find(components, name)
		if !ok {
			t.Errorf("there is no schema %s", name)
			return
		}
		var value any
		if err := json.Unmarshal([]byte(body), &value); err != nil {
			t.Errorf("%s %s: %v", method, path, err)
			return
		}
		for _, problem := range schemaOf(t, c).problems(t, name, value) {
			t.Errorf("%s %s: %s", method, path, problem)
		}
		return
	}
}

// fitsRoute says whether a path is of a route with {parameters}.
func fitsRoute(route, path string) bool {
	want, got := strings.Split(route, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if want[i] != got[i] && !strings.HasPrefix(want[i], "{") {
			return false
		}
	}
	return true
}

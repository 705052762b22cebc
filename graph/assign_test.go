package graph

import (
	"reflect"
	"testing"
)

func TestAssign(t *testing.T) {
	seven, five := 7, 5
	tests := map[string]struct {
		dst  any // a pointer to the field
		v    any
		want any
		err  string
	}{
		"int from a constant":     {new(int), int64(7), 7, ""},
		"int from a whole float":  {new(int), 7.0, 7, ""},
		"int from a broken float": {new(int), 7.5, nil, "wants int, got float64 7.5"},
		"int from a bool":         {new(int), true, 1, ""},
		"int32 that is too small": {new(int32), int64(1 << 40), nil, "wants int32, got int64 1099511627776"},
		"uint64 from a constant":  {new(uint64), int64(7), uint64(7), ""},
		"uint64 from the top":     {new(uint64), uint64(1 << 63), uint64(1 << 63), ""},
		"uint64 from below zero":  {new(uint64), int64(-1), nil, "wants uint64, got int64 -1"},
		"int from a large uint64": {new(int), uint64(1 << 63), nil, "wants int, got uint64 9223372036854775808"},
		"float64 from an int":     {new(float64), 7, 7.0, ""},
		"string of its own type":  {new(samplerName), "euler", samplerName("euler"), ""},
		"string from a number":    {new(string), int64(5), nil, "wants string, got int64 5"},
		"bool from a number":      {new(bool), int64(1), nil, "wants bool, got int64 1"},
		"pointer to a value":      {new(*int), int64(7), &seven, ""},
		"value from a pointer":    {new(int), &seven, 7, ""},
		"nil":                     {&five, nil, 0, ""},
		"interface":               {new(any), 7, 7, ""},
		"slice from a constant":   {new([]float64), []any{int64(1), 2.5}, []float64{1, 2.5}, ""},
		"slice with a wrong item": {new([]float64), []any{1.0, "x"}, nil, "item 1: wants float64, got string x"},
		"another struct":          {new(latent), picture{}, nil, "wants graph.latent, got graph.picture"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			field := reflect.ValueOf(tt.dst).Elem()
			err := assign(field, tt.v)
			if tt.err != "" {
				if err == nil || err.Error() != tt.err {
					t.Errorf("error %v, want %s", err, tt.err)
				}
				return
			}
			if err != nil || !reflect.DeepEqual(field.Interface(), tt.want) {
				t.Errorf("got %v, want %v: %v", field.Interface(), tt.want, err)
			}
		})
	}
}

func TestCompareNumbers(t *testing.T) {
	const big = uint64(1<<63) + 1
	tests := []struct {
		a, b any
		want int
	}{
		{int64(1), int64(2), -1},
		{int64(1), 1.0, 0},
		{int64(1), 1.5, -1},
		{int64(-1), -1.5, 1},
		{int64(-2), -1.5, -1},
		{0.0, int64(0), 0},
		{-0.5, int64(0), -1},
		{big, int64(5), 1},
		{int64(-5), big, -1},
		{big, 9223372036854775808.0, 1}, // 2^63 as a float is exact, one less than big
		{1e30, big, 1},
		{-1e30, int64(-1 << 62), -1},
		{int64(1<<53 + 1), 9007199254740992.0, 1}, // not equal, although it is as a float
	}
	for _, tt := range tests {
		if got := compareNumbers(tt.a, tt.b); got != tt.want {
			t.Errorf("%v and %v: %d, want %d", tt.a, tt.b, got, tt.want)
		}
		if got := compareNumbers(tt.b, tt.a); got != -tt.want {
			t.Errorf("%v and %v: %d, want %d", tt.b, tt.a, got, -tt.want)
		}
	}
}

func TestNearest(t *testing.T) {
	known := []string{"KSampler", "KSamplerAdvanced", "SaveImage", "VAEDecode"}
	for name, want := range map[string]string{"KSampeler": "KSampler", "ksampler": "KSampler", "SaveImages": "SaveImage", "Blur": "", "": ""} {
		if got := nearest(name, known); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestTags(t *testing.T) {
	tests := map[string]struct{ tag, err string }{
		"fine":         {`a:"1"  b:"x \"y\""`, ""},
		"empty":        {``, ""},
		"no quotes":    {`a:1`, `tag "a:1": write tags as key:"value" pairs with one space between them`},
		"no end":       {`a:"1`, `tag a: write tags as key:"value" pairs with one space between them`},
		"given twice":  {`a:"1" a:"2"`, `tag a: given twice`},
		"without key":  {`:"1"`, `tag ":\"1\"": write tags as key:"value" pairs with one space between them`},
		"key and text": {`a b:"1"`, `tag "a b:\"1\"": write tags as key:"value" pairs with one space between them`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := parseTags(reflect.StructTag(tt.tag))
			if got := errorText(err); got != tt.err {
				t.Errorf("error %q, want %q", got, tt.err)
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

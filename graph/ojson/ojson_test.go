package ojson

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestParse(t *testing.T) {
	tests := map[string]struct {
		text string
		want any
	}{
		"null":                        {"null", nil},
		"space around":                {" \t\r\n true \n", true},
		"byte order mark":             {"\ufeff[]", []any{}},
		"zero":                        {"0", int64(0)},
		"minus zero is whole":         {"-0", int64(0)},
		"minus zero float":            {"-0.0", math.Copysign(0, -1)},
		"whole stays whole":           {"8", int64(8)},
		"float stays float":           {"8.0", 8.0},
		"exponent makes a float":      {"1e2", 100.0},
		"largest int64":               {"9223372036854775807", int64(math.MaxInt64)},
		"smallest int64":              {"-9223372036854775808", int64(math.MinInt64)},
		"first uint64":                {"9223372036854775808", uint64(1 << 63)},
		"largest uint64":              {"18446744073709551615", uint64(math.MaxUint64)},
		"beyond uint64":               {"18446744073709551616", 18446744073709551616.0},
		"overflow":                    {"1e400", math.Inf(1)},
		"NaN":                         {"[NaN]", []any{math.NaN()}},
		"infinities":                  {"[Infinity,-Infinity]", []any{math.Inf(1), math.Inf(-1)}},
		"empty string":                {`""`, ""},
		"escapes":                     {`"\"\\\/\b\f\n\r\t\u00e9"`, "\"\\/\b\f\n\r\té"},
		"surrogate pair":              {`"\ud83d\ude00"`, "😀"},
		"lone high surrogate":         {`"\ud83dx"`, "\xed\xa0\xbdx"},
		"lone low surrogate":          {`"\ude00"`, "\xed\xb8\x80"},
		"surrogates in bytes join":    {"\"\xed\xa0\xbd\xed\xb8\x80\"", "😀"},
		"empty object":                {"{}", NewObject()},
		"duplicate key, last value":   {`{"a":1,"b":2,"a":3}`, NewObject("a", int64(3), "b", int64(2))},
		"nested":                      {`{"a":[1,{"b":[]}],"c":null}`, NewObject("a", []any{int64(1), NewObject("b", []any{})}, "c", nil)},
		"members survive inner array": {`[[1,2],[3,[4]],5]`, []any{[]any{int64(1), int64(2)}, []any{int64(3), []any{int64(4)}}, int64(5)}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Parse([]byte(tt.text), Limits{})
			if err != nil {
				t.Fatal(err)
			}
			// The repr tells 8 from 8.0 and shows the order of keys.
			if g, w := PythonRepr(got), PythonRepr(tt.want); g != w || !Equal(got, tt.want) {
				t.Errorf("got %s, want %s", g, w)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"empty":                  {"", "line 1, column 1: expected a value, found the end of the document"},
		"two documents":          {"1 2", "line 1, column 3: expected the end of the document, found '2'"},
		"trailing comma":         {"[1,]", "column 4: expected a value, found ']'"},
		"missing comma":          {"[1 2]", "column 4: expected ',' or ']' after an item, found '2'"},
		"open array":             {"[1", "column 3: expected ',' or ']' after an item, found the end of the document"},
		"key without quotes":     {"{a:1}", "column 2: expected a key in double quotes, found 'a'"},
		"single quotes":          {"{'a':1}", `column 2: expected a key in double quotes, found '\''`},
		"comma before brace":     {`{"a":1,}`, "column 8: expected a key in double quotes, found '}'"},
		"missing colon":          {`{"a"}`, "column 5: expected ':' after a key, found '}'"},
		"position counts lines":  {"{\n \"é\": nul}", "line 2, column 7: expected a value, found 'n'"},
		"leading zero":           {"01", "column 1: a number may not begin with 0"},
		"only a sign":            {"-", "expected a digit, found the end"},
		"no digit after point":   {"1.", "expected a digit after the decimal point"},
		"no digit in exponent":   {"1e+", "expected a digit in the exponent"},
		"plus sign":              {"+1", "expected a value, found '+'"},
		"open string":            {`["abc`, "column 2: string is not closed"},
		"open escape":            {`"\`, "string is not closed"},
		"unknown escape":         {`"a\x"`, "column 3: unknown escape"},
		"short unicode escape":   {`"\u12"`, "four hexadecimal digits"},
		"signed unicode escape":  {`"\u+123"`, "four hexadecimal digits"},
		"line break in a string": {"\"a\nb\"", `column 3: control character '\n' in a string`},
		"not UTF-8":              {"\"a\xff\"", "column 3: byte 0xff is not UTF-8"},
		"UTF-16":                 {"\xff\xfe{\x00", "expected a value, found byte 0xff"},
		"word":                   {"True", "expected a value, found 'T'"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			v, err := Parse([]byte(tt.text), Limits{})
			if err == nil {
				t.Fatalf("accepted as %s", PythonRepr(v))
			}
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %q, want a syntax error with %q", err, tt.want)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	deep := func(n int) []byte { return []byte(strings.Repeat("[", n) + strings.Repeat("]", n)) }
	if _, err := Parse(deep(DefaultMaxDepth), Limits{}); err != nil {
		t.Errorf("%d levels: %v", DefaultMaxDepth, err)
	}
	_, err := Parse(deep(DefaultMaxDepth+1), Limits{})
	if !errors.Is(err, ErrTooDeep) || !strings.Contains(err.Error(), "column 1001: nested deeper than the 1000 levels allowed") {
		t.Errorf("one level more: got %v", err)
	}
	start := time.Now()
	if _, err := Parse(bytes.Repeat([]byte(`{"a":`), 8<<20), Limits{}); !errors.Is(err, ErrTooDeep) {
		t.Errorf("endless nesting: got %v", err)
	}
	if _, err := Parse(make([]byte, DefaultMaxBytes+1), Limits{}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too large: got %v", err)
	}
	if _, err := Read(strings.NewReader("[1,2,3]"), Limits{MaxBytes: 6}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("stream too large: got %v", err)
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("refusing took %v; a second is allowed", took)
	}
	if v, err := Read(strings.NewReader("[1,2,3]"), Limits{MaxBytes: 7}); err != nil || len(v.([]any)) != 3 {
		t.Errorf("stream at the limit: got %v, %v", v, err)
	}
}

// The wanted texts are what Python 3 gives: json.dumps(v), json.dumps(v, ensure_ascii=False, separators=(",", ":")), repr(v).
func TestMarshal(t *testing.T) {
	tests := map[string]struct {
		v                     any
		python, compact, repr string
	}{
		"null":              {nil, "null", "null", "None"},
		"booleans":          {[]any{true, false}, "[true, false]", "[true,false]", "[True, False]"},
		"whole":             {int64(-5), "-5", "-5", "-5"},
		"seed":              {uint64(math.MaxUint64), "18446744073709551615", "18446744073709551615", "18446744073709551615"},
		"float":             {8.0, "8.0", "8.0", "8.0"},
		"minus zero":        {math.Copysign(0, -1), "-0.0", "-0.0", "-0.0"},
		"shortest digits":   {0.30000000000000004, "0.30000000000000004", "0.30000000000000004", "0.30000000000000004"},
		"last without exp":  {0.0001, "0.0001", "0.0001", "0.0001"},
		"small":             {1e-5, "1e-05", "1e-05", "1e-05"},
		"large":             {9999999999999998.0, "9999999999999998.0", "9999999999999998.0", "9999999999999998.0"},
		"first with exp":    {1e16, "1e+16", "1e+16", "1e+16"},
		"largest":           {math.MaxFloat64, "1.7976931348623157e+308", "1.7976931348623157e+308", "1.7976931348623157e+308"},
		"denormal":          {5e-324, "5e-324", "5e-324", "5e-324"},
		"not finite":        {[]any{math.NaN(), math.Inf(1), math.Inf(-1)}, "[NaN, Infinity, -Infinity]", "[NaN,Infinity,-Infinity]", "[nan, inf, -inf]"},
		"escapes":           {"\"\\/\b\f\n\r\t\x01\x7f", `"\"\\/\b\f\n\r\t\u0001\u007f"`, "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\x7f\"", `'"\\/\x08\x0c\n\r\t\x01\x7f'`},
		"beyond ASCII":      {"é漢😀", `"\u00e9\u6f22\ud83d\ude00"`, `"é漢😀"`, "'é漢😀'"},
		"not printable":     {"\u00a0\u200b\U000e0001", `"\u00a0\u200b\udb40\udc01"`, "\"\u00a0\u200b\U000e0001\"", `'\xa0\u200b\U000e0001'`},
		"lone surrogate":    {"\xed\xa0\x80", `"\ud800"`, `"\ud800"`, `'\ud800'`},
		"not UTF-8":         {"\xff", `"\ufffd"`, `"\ufffd"`, "'\ufffd'"},
		"single quote":      {"it's", `"it's"`, `"it's"`, `"it's"`},
		"both quotes":       {`it's "x"`, `"it's \"x\""`, `"it's \"x\""`, `'it\'s "x"'`},
		"empty containers":  {[]any{[]any{}, NewObject()}, "[[], {}]", "[[],{}]", "[[], {}]"},
		"object":            {NewObject("b", int64(1), "a", []any{"x", nil}), `{"b": 1, "a": ["x", null]}`, `{"b":1,"a":["x",null]}`, "{'b': 1, 'a': ['x', None]}"},
		"nil object is one": {(*Object)(nil), "null", "null", "{}"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for style, want := range map[Style]string{Python: tt.python, Compact: tt.compact} {
				if got, err := Marshal(tt.v, style); err != nil || string(got) != want {
					t.Errorf("got %s, %v; want %s", got, err, want)
				}
			}
			if got := PythonRepr(tt.v); got != tt.repr {
				t.Errorf("repr: got %s, want %s", got, tt.repr)
			}
		})
	}
	if got, err := Marshal([]any{map[string]int{}}, Python); err == nil {
		t.Errorf("a Go map: got %s, want an error", got)
	}
}

func TestMarshalIndented(t *testing.T) {
	v := NewObject("a", []any{int64(1), NewObject("b", "é")}, "c", []any{}, "d", NewObject())
	want := "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"é\"\n    }\n  ],\n  \"c\": [],\n  \"d\": {}\n}"
	if got, err := Marshal(v, Indented); err != nil || string(got) != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
}

func TestObject(t *testing.T) {
	for name, n := range map[string]int{"few keys": 4, "with an index": 40} {
		t.Run(name, func(t *testing.T) {
			var o Object
			var want []string
			for i := range n {
				key := strings.Repeat("k", i)
				o.Set(key, int64(i))
				want = append(want, key)
			}
			o.Set("", "first again")
			if got := o.Keys(); !slices.Equal(got, want) || o.String("") != "first again" {
				t.Errorf("after setting a known key: %v", got)
			}
			c := o.Clone()
			if !o.Delete("k") || o.Delete("k") || o.Has("k") || o.Len() != n-1 {
				t.Errorf("after Delete: %v", o.Keys())
			}
			if v, ok := o.Get("kkk"); !ok || v != int64(3) {
				t.Errorf("Get behind the deleted key: %v, %v", v, ok)
			}
			if !c.Has("k") || c.Equal(&o) {
				t.Error("the clone changed with its original")
			}
			o.Set("k", int64(1))
			if keys := o.Keys(); keys[n-1] != "k" || !c.Equal(&o) {
				t.Errorf("a key set again goes to the end and order does not matter to Equal: %v", keys)
			}
		})
	}
	var none *Object
	if none.Len() != 0 || none.Has("a") || none.Object("a").Array("b") != nil || len(none.Keys()) != 0 {
		t.Error("a nil object does not read as empty")
	}
}

func TestEqual(t *testing.T) {
	tests := map[string]struct {
		a, b any
		want bool
	}{
		"whole and float":         {int64(1), 1.0, true},
		"exact beyond 2^53":       {int64(1<<53 + 1), float64(1 << 53), false},
		"uint64 and float":        {uint64(1 << 63), float64(1 << 63), true},
		"boolean is no number":    {true, int64(1), false},
		"NaN":                     {math.NaN(), math.NaN(), true},
		"infinity and whole":      {math.Inf(1), int64(1), false},
		"order of keys":           {NewObject("a", int64(1), "b", nil), NewObject("b", nil, "a", 1.0), true},
		"missing key, null value": {NewObject("a", nil), NewObject("b", nil), false},
		"arrays":                  {[]any{"a"}, []any{"a", "b"}, false},
		"null and false":          {nil, false, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if Equal(tt.a, tt.b) != tt.want || Equal(tt.b, tt.a) != tt.want {
				t.Errorf("Equal(%s, %s) is not %v both ways", PythonRepr(tt.a), PythonRepr(tt.b), tt.want)
			}
		})
	}
}

func TestMarshalJSON(t *testing.T) {
	got, err := json.Marshal(map[string]any{"o": NewObject("b", 1.0, "a", "x")})
	if want := `{"o":{"b":1.0,"a":"x"}}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
}

// FuzzParse: what is accepted is written and read back to the same text in every style; standard JSON is accepted.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,2.5,-0,1e400,18446744073709551615,NaN,-Infinity],"b":{"c":"\ud83d\ude00\ud800"},"a":null}`,
		"\"\xed\xa0\xbd\\ude00\"", "\ufeff[]", "[[[[", `{"":{"":""}}`, "1e-5", "\"\x7f\"", `[1,]`, "nul",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := Parse(data, Limits{MaxBytes: 1 << 20})
		if err != nil {
			if json.Valid(data) && utf8.Valid(data) && len(data) <= DefaultMaxDepth {
				t.Fatalf("refused valid JSON: %v", err)
			}
			return
		}
		for _, style := range []Style{Python, Compact, Indented} {
			text, err := Marshal(v, style)
			if err != nil {
				t.Fatal(err)
			}
			again, err := Parse(text, Limits{MaxBytes: 64 << 20})
			if err != nil {
				t.Fatalf("cannot read back %q: %v", text, err)
			}
			if second, _ := Marshal(again, style); !bytes.Equal(text, second) || !Equal(v, again) {
				t.Fatalf("%q became %q", text, second)
			}
		}
		PythonRepr(v)
	})
}

// megabyte is about 1 MB of nodes as workflows have them.
func megabyte() []byte {
	node := `{"id": 3, "type": "KSampler", "pos": [863.5, 186], "inputs": [{"name": "model", "type": "MODEL", "link": 1}],` +
		` "widgets_values": [156680208700286, "randomize", 20, 8.0, "euler", "normal", 1, "a \"masterpiece\"\n"]},`
	return []byte("[" + strings.Repeat(node, 1<<20/len(node)) + "null]")
}

func BenchmarkParse(b *testing.B) {
	data := megabyte()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := Parse(data, Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMarshal(b *testing.B) {
	data := megabyte()
	v, err := Parse(data, Limits{})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := Marshal(v, Python); err != nil {
			b.Fatal(err)
		}
	}
}

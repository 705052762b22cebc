package graph

import (
	"context"
	"testing"
)

// One struct per mistake; what New says about each.

type badRun struct{}

func (badRun) Run(context.Context) (latent, error) { return latent{}, nil }

type noMeta struct {
	badRun
}

type withoutRun struct {
	_ Meta `category:"x"`
}

type wrongRun struct {
	_ Meta `category:"x"`
}

func (wrongRun) Run() error { return nil }

type wrongResult struct {
	_ Meta `category:"x"`
}

func (wrongResult) Run(context.Context) (chan int, error) { return nil, nil }

type wrongResultField struct {
	_ Meta `category:"x"`
}

func (wrongResultField) Run(context.Context) (struct {
	A chan int
	b int
	C int `oot:"c"`
}, error) {
	panic("never called")
}

type wrongTags struct {
	_         Meta    `category:"x" list:"maybe"`
	Flag      bool    `default:"yes"`
	Whole     int     `min:"0.5"`
	Float     float64 `max:"many"`
	Infinite  float64 `max:"inf"`
	Text      string  `min:"1"`
	Socket    latent  `default:"x"`
	Reversed  int     `min:"5" max:"4"`
	Low       int     `min:"5" default:"4"`
	Negative  uint64  `min:"-1"`
	NotThere  string  `enum:"a|b" default:"c"`
	Twice     string  `enum:"a|a"`
	EnumInt   int     `enum:"a|b"`
	KeyInt    int     `choices:"files"`
	NoKey     string  `choices:""`
	Upload    string  `upload:"video"`
	Check     string  `check:"others"`
	Options   string  `opts:"[]"`
	Optional  string  `optional:"1"`
	Overflows int32   `default:"9999999999"`
}

func (wrongTags) Run(context.Context) error { return nil }

type lonelyTags struct {
	_    Meta `category:"x"`
	A    int  `lazy:"true"`
	B    int  `check:"self"`
	List int
}

func (lonelyTags) Run(context.Context) error { return nil }

type lonelyMethods struct {
	_ Meta `category:"x" list:"true"`
	A int
}

func (lonelyMethods) Run(context.Context) error      { return nil }
func (lonelyMethods) Needs(context.Context) []string { return nil }
func (lonelyMethods) Check(context.Context) error    { return nil }

func TestReadClassErrors(t *testing.T) {
	tests := map[string]struct {
		d    Declaration
		want string
	}{
		"not a struct": {Declare[int](), `node int: declare a struct, not a int`},
		"no Meta":      {Declare[noMeta](), "node noMeta: no field \"_ graph.Meta\"; add one with at least a category tag\nnode noMeta: field badRun: not exported; the engine can only fill exported fields"},
		"no Run":       {Declare[withoutRun](), `node withoutRun: no method Run(context.Context) (result, error)`},
		"another Run": {Declare[wrongRun](),
			`node wrongRun: Run is func(graph.wrongRun) error; make it Run(context.Context) (result, error) or Run(context.Context) error`},
		"result": {Declare[wrongResult](),
			`node wrongResult: result: type chan int has no socket type; give it a method Socket() string, or the field a type tag`},
		"result field": {Declare[wrongResultField](), `node wrongResultField: result: field A: type chan int has no socket type; give it a method Socket() string, or the field a type tag
node wrongResultField: result: field b: not exported; the engine can only read exported fields
node wrongResultField: result: field C: tag oot="c": unknown key; did you mean out?`},
		"tags": {Declare[wrongTags](), `node wrongTags: meta: tag list="maybe": use "true" or "false"
node wrongTags: input Flag: tag default="yes": use "true" or "false"
node wrongTags: input Whole: tag min="0.5": not a whole number
node wrongTags: input Float: tag max="many": not a finite number
node wrongTags: input Infinite: tag max="inf": not a finite number
node wrongTags: input Text: tag min="1": only numbers have it, this is STRING
node wrongTags: input Socket: tag default="x": a LATENT socket has no default
node wrongTags: input Reversed: tag min="5": larger than max="4"
node wrongTags: input Low: tag default="4": below min="5"
node wrongTags: input Negative: tag min="-1": the field cannot hold negative numbers
node wrongTags: input NotThere: tag default="c": not one of a, b
node wrongTags: input Twice: tag enum="a|a": "a" is there twice
node wrongTags: input EnumInt: tag enum="a|b": only string fields can be a drop-down
node wrongTags: input KeyInt: tag choices="files": only string fields can be a drop-down
node wrongTags: input NoKey: tag choices="": name the list, such as "checkpoints"
node wrongTags: input Upload: tag upload="video": only "image" is known
node wrongTags: input Check: tag check="others": only "self" is known
node wrongTags: input Options: tag opts="[]": not a JSON object: json: the document is an array; an object {…} is needed
node wrongTags: input Optional: tag optional="1": use "true" or "false"
node wrongTags: input Overflows: tag default="9999999999": wants int32, got int64 9999999999`},
		"tags without methods": {Declare[lonelyTags](), `node lonelyTags: an input is tagged check:"self", but there is no Check(context.Context) error
node lonelyTags: an input is tagged lazy:"true", but there is no Needs(context.Context) []string`},
		"methods without tags": {Declare[lonelyMethods](), `node lonelyMethods: input A: type int: the class takes lists (list:"true"), so make it a slice
node lonelyMethods: has Check, but no input is tagged check:"self"
node lonelyMethods: has Needs, but no input is tagged lazy:"true"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := New(tt.d)
			if got := errorText(err); got != tt.want {
				t.Errorf("\n got %s\nwant %s", got, tt.want)
			}
		})
	}
}

package nodes

import (
	"context"
	"strings"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime/pystring"
)

func stringNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[StringConcatenate](),
		graph.Declare[StringSubstring](),
		graph.Declare[StringLength](),
		graph.Declare[CaseConverter](),
		graph.Declare[StringTrim](),
		graph.Declare[StringReplace](),
		graph.Declare[StringContains](),
		graph.Declare[StringCompare](),
	}
}

// StringConcatenate joins two texts.
type StringConcatenate struct {
	_ graph.Meta `category:"utils/string" title:"Concatenate" module:"comfy_extras.nodes_string" v3:"true"`

	StringA   string `multiline:"true"`
	StringB   string `multiline:"true"`
	Delimiter string `default:"" multiline:"false"`
}

// Run puts the delimiter between them.
func (n StringConcatenate) Run(context.Context) (string, error) {
	return n.StringA + n.Delimiter + n.StringB, nil
}

// StringSubstring cuts a range out of a text.
type StringSubstring struct {
	_ graph.Meta `category:"utils/string" title:"Substring" module:"comfy_extras.nodes_string" v3:"true"`

	String string `multiline:"true"`
	Start  int
	End    int
}

// Run counts negative positions from the end.
func (n StringSubstring) Run(context.Context) (string, error) {
	return pystring.Slice(n.String, n.Start, n.End), nil
}

// StringLength counts characters.
type StringLength struct {
	_ graph.Meta `category:"utils/string" title:"Length" module:"comfy_extras.nodes_string" v3:"true"`

	String string `multiline:"true"`
}

// Length is the output of StringLength.
type Length struct {
	Length int `out:"length"`
}

// Run counts code points.
func (n StringLength) Run(context.Context) (Length, error) {
	return Length{pystring.Length(n.String)}, nil
}

// CaseConverter changes between capitals and small letters.
type CaseConverter struct {
	_ graph.Meta `category:"utils/string" title:"Case Converter" module:"comfy_extras.nodes_string" v3:"true"`

	String string `multiline:"true"`
	Mode   string `enum:"UPPERCASE|lowercase|Capitalize|Title Case"`
}

// Run converts the whole text.
func (n CaseConverter) Run(context.Context) (string, error) {
	return map[string]func(string) string{
		"UPPERCASE":  pystring.Upper,
		"lowercase":  pystring.Lower,
		"Capitalize": pystring.Capitalize,
		"Title Case": pystring.Title,
	}[n.Mode](n.String), nil
}

// StringTrim removes white space at the ends.
type StringTrim struct {
	_ graph.Meta `category:"utils/string" title:"Trim" module:"comfy_extras.nodes_string" v3:"true"`

	String string `multiline:"true"`
	Mode   string `enum:"Both|Left|Right"`
}

// Run trims the sides that the mode names.
func (n StringTrim) Run(context.Context) (string, error) {
	return map[string]func(string) string{
		"Both":  pystring.Strip,
		"Left":  pystring.StripLeft,
		"Right": pystring.StripRight,
	}[n.Mode](n.String), nil
}

// StringReplace replaces a text in a text.
type StringReplace struct {
	_ graph.Meta `category:"utils/string" title:"Replace" module:"comfy_extras.nodes_string" v3:"true"`

	String  string `multiline:"true"`
	Find    string `multiline:"true"`
	Replace string `multiline:"true"`
}

// Run replaces every occurrence.
func (n StringReplace) Run(context.Context) (string, error) {
	return strings.ReplaceAll(n.String, n.Find, n.Replace), nil
}

// StringContains looks for a text in a text.
type StringContains struct {
	_ graph.Meta `category:"utils/string" title:"Contains" module:"comfy_extras.nodes_string" v3:"true"`

	String        string `multiline:"true"`
	Substring     string `multiline:"true"`
	CaseSensitive bool   `default:"true"`
}

// Contains is the output of StringContains.
type Contains struct {
	Contains bool `out:"contains"`
}

// Run compares in small letters where case does not matter.
func (n StringContains) Run(context.Context) (Contains, error) {
	return Contains{strings.Contains(foldUnless(n.CaseSensitive, n.String), foldUnless(n.CaseSensitive, n.Substring))}, nil
}

// foldUnless is s, in small letters where case does not matter.
func foldUnless(caseSensitive bool, s string) string {
	if caseSensitive {
		return s
	}
	return pystring.Lower(s)
}

// StringCompare compares two texts.
type StringCompare struct {
	_ graph.Meta `category:"utils/string" title:"Compare" module:"comfy_extras.nodes_string" v3:"true"`

	StringA       string `multiline:"true"`
	StringB       string `multiline:"true"`
	Mode          string `enum:"Starts With|Ends With|Equal"`
	CaseSensitive bool   `default:"true"`
}

// Run looks for the second text at the place in the first that the mode names.
func (n StringCompare) Run(context.Context) (bool, error) {
	a, b := foldUnless(n.CaseSensitive, n.StringA), foldUnless(n.CaseSensitive, n.StringB)
	switch n.Mode {
	case "Starts With":
		return strings.HasPrefix(a, b), nil
	case "Ends With":
		return strings.HasSuffix(a, b), nil
	}
	return a == b, nil
}

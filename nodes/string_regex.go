package nodes

import (
	"context"
	"errors"
	"strings"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime/pystring"
)

func regexNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[RegexMatch](),
		graph.Declare[RegexExtract](),
		graph.Declare[RegexReplace](),
	}
}

// RegexMatch looks for a pattern.
type RegexMatch struct {
	_ graph.Meta `category:"utils/string" title:"Regex Match" module:"comfy_extras.nodes_string" v3:"true"`

	String          string `multiline:"true"`
	RegexPattern    string `multiline:"true"`
	CaseInsensitive bool   `default:"true"`
	Multiline       bool   `default:"false"`
	Dotall          bool   `default:"false"`
}

// Matches is the output of RegexMatch.
type Matches struct {
	Matches bool `out:"matches"`
}

// Run takes a bad pattern for one that matches nothing.
func (n RegexMatch) Run(context.Context) (Matches, error) {
	re, err := pystring.Compile(n.RegexPattern, pystring.Flags{IgnoreCase: n.CaseInsensitive, Multiline: n.Multiline, DotAll: n.Dotall})
	if errors.Is(err, pystring.ErrPattern) {
		return Matches{false}, nil
	}
	m, err := re.Search(n.String)
	return Matches{m != nil}, err
}

// RegexExtract takes matches, or groups of them, out of a text.
type RegexExtract struct {
	_ graph.Meta `category:"utils/string" title:"Regex Extract" module:"comfy_extras.nodes_string" v3:"true"`

	String          string `multiline:"true"`
	RegexPattern    string `multiline:"true"`
	Mode            string `enum:"First Match|All Matches|First Group|All Groups"`
	CaseInsensitive bool   `default:"true"`
	Multiline       bool   `default:"false"`
	Dotall          bool   `default:"false"`
	GroupIndex      int    `default:"1" min:"0" max:"100"`
}

// Run joins several by line feeds. A bad pattern, and a group that the pattern does not have, give nothing.
func (n RegexExtract) Run(context.Context) (string, error) {
	re, err := pystring.Compile(n.RegexPattern, pystring.Flags{IgnoreCase: n.CaseInsensitive, Multiline: n.Multiline, DotAll: n.Dotall})
	if errors.Is(err, pystring.ErrPattern) {
		return "", nil
	}
	limit, group := 1, 0
	switch n.Mode {
	case "All Matches":
		limit = 0
		if re.Groups() > 0 {
			group = 1 // as re.findall does, which gives groups where there are some
		}
	case "First Group":
		group = n.GroupIndex
	case "All Groups":
		limit, group = 0, n.GroupIndex
		if re.Groups() == 0 {
			return "", nil
		}
	}
	if group > re.Groups() {
		return "", nil
	}
	matches, err := re.FindAll(n.String, limit)
	if err != nil {
		return "", err
	}
	texts := make([]string, len(matches))
	for i, m := range matches {
		texts[i] = m.Group(group)
	}
	return strings.Join(texts, "\n"), nil
}

// RegexReplace replaces what a pattern matches.
type RegexReplace struct {
	_ graph.Meta `category:"utils/string" title:"Regex Replace" module:"comfy_extras.nodes_string" v3:"true" doc:"Replaces what a regular expression matches."`

	String          string `multiline:"true"`
	RegexPattern    string `multiline:"true"`
	Replace         string `multiline:"true" doc:"\\1 and \\g<name> stand for groups"`
	CaseInsensitive bool   `default:"true" optional:"true"`
	Multiline       bool   `default:"false" optional:"true"`
	Dotall          bool   `default:"false" optional:"true" doc:"the dot matches line feeds, too"`
	Count           int    `default:"0" min:"0" max:"100" optional:"true" doc:"how many to replace; 0: all"`
}

// Run fails for a bad pattern or replacement.
func (n RegexReplace) Run(context.Context) (string, error) {
	re, err := pystring.Compile(n.RegexPattern, pystring.Flags{IgnoreCase: n.CaseInsensitive, Multiline: n.Multiline, DotAll: n.Dotall})
	if err != nil {
		return "", err
	}
	return re.Replace(n.String, n.Replace, n.Count)
}

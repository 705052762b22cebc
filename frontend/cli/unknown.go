package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/oneactor/oneactor/graph/comfy"
	"github.com/oneactor/oneactor/graph/ojson"
)

// unknownLines says where nodes of unknown classes come from, and what can run without them.
func unknownLines(u *comfy.UnknownError) []string {
	var lines []string
	for _, n := range u.Nodes {
		line := fmt.Sprintf("%s: nothing here has this class; the workflow does not say which node pack has it", n.Class)
		if n.Pack != "" {
			line = fmt.Sprintf("%s is from the node pack %s", n.Class, strings.TrimSpace(n.Pack+" "+n.Version))
		}
		if !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	if len(u.Runnable) == 0 {
		return append(lines, "every output needs one of these nodes")
	}
	return append(lines, "without these nodes can run, with run --skip-unknown: "+nodeNames(u.Runnable))
}

// nodeNames lists nodes as "9 (Save)".
func nodeNames(nodes []comfy.NodeRef) string {
	var names []string
	for _, n := range nodes {
		names = append(names, fmt.Sprintf("%s (%s)", n.ID, firstOf(n.Title, n.Class)))
	}
	return some(names)
}

// skipUnknown takes what cannot be known out of a workflow, as run --skip-unknown asks for, and tells.
func (r *runner) skipUnknown(path string, file *comfy.File) error {
	u := file.SkipUnknown(r.definitions())
	if u == nil {
		return nil
	}
	text := fmt.Sprintf("%s: left out nodes of unknown classes: %s", nameOf(path), nodeNames(u.Nodes))
	if len(u.Blocked) > 0 {
		text += "; with them the outputs " + nodeNames(u.Blocked)
	}
	r.app.say(errors.New(text))
	if len(u.Runnable) == 0 {
		return failure{exitUsage, fmt.Errorf("%s: every output needs a node of an unknown class", nameOf(path))}
	}
	r.report.note("skipped_nodes", ojson.NewObject("nodes", refObjects(u.Nodes), "outputs", refObjects(u.Blocked)))
	return nil
}

func refObjects(nodes []comfy.NodeRef) []any {
	list := []any{}
	for _, n := range nodes {
		list = append(list, ojson.NewObject("node", n.ID, "class_type", n.Class, "title", n.Title, "pack", n.Pack, "version", n.Version))
	}
	return list
}

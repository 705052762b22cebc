package cli

import (
	"context"
	"errors"
	"strings"
	"unicode"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/comfy"
	"github.com/oneactor/oneactor/graph/ojson"
)

// A variant is a workflow with some inputs set, run under a name that its files carry.
type variant struct {
	name string
	set  []setting
}

type setting struct {
	id, input string
	value     any
}

// runVariant runs a copy of a workflow and returns the paths of the pictures it saved or showed, by output node.
func (r *runner) runVariant(ctx context.Context, path string, base *comfy.File, v variant) (map[string][]string, error) {
	file := base.Clone()
	definitions := r.definitions()
	for _, s := range v.set {
		file.SetValue(definitions, s.id, s.input, s.value)
	}
	for id := range file.Prompt.All() {
		if prefix, ok := r.prefixOf(file.Prompt, id); ok {
			file.SetValue(definitions, id, "filename_prefix", prefix+"-"+v.name)
		}
	}
	pictures := map[string][]string{}
	r.watch = func(e graph.Event) {
		if e.Type != graph.EventExecuted {
			return
		}
		node := e.Data.String("node")
		for _, item := range e.Data.Object("output").Array("images") {
			if o, ok := item.(*ojson.Object); ok && o.String("filename") != "" {
				pictures[node] = append(pictures[node], r.host.Path(o.String("type"), o.String("subfolder"), o.String("filename")))
			}
		}
	}
	defer func() { r.watch = nil }()
	return pictures, r.runFile(ctx, path, file)
}

// prefixOf is the beginning of the names of an output's files, where it is a value.
func (r *runner) prefixOf(prompt *ojson.Object, id string) (string, bool) {
	node := prompt.Object(id)
	class := r.registry.Class(node.String("class_type"))
	if class == nil || !class.Output || class.Input("filename_prefix") == nil {
		return "", false
	}
	v, ok := node.Object("inputs").Get("filename_prefix")
	if !ok {
		v = class.Input("filename_prefix").Default
	}
	prefix, ok := v.(string)
	return prefix, ok
}

// fileName makes part of a file name of any text: letters, digits, and dots, minus signs and underscores between them.
func fileName(text string) string {
	const longest = 60
	var b strings.Builder
	count := 0
	for _, c := range text {
		if count == longest {
			break
		}
		if !unicode.IsLetter(c) && !unicode.IsDigit(c) && c != '.' && c != '-' {
			c = '_'
		}
		b.WriteRune(c)
		count++
	}
	return strings.Trim(b.String(), "._-")
}

// said tells what is still to be said of a failure, and keeps its exit code.
func (r *runner) said(err error) (code int, text string) {
	var f failure
	if !errors.As(err, &f) {
		f = failure{exitFailed, err}
	}
	if f.err != nil {
		r.app.say(f)
		text = f.err.Error()
	}
	return f.code, text
}

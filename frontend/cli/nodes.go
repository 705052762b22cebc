package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/ojson"
)

func (a *app) nodesCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "nodes [CLASS]", Short: "List node classes, or describe one", Args: count(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			registry, err := a.classes(c.Context())
			if err != nil {
				return err
			}
			host, err := a.open()
			if err != nil {
				return err
			}
			defer host.Close()
			classes := registry.Classes()
			if len(args) == 1 {
				class := registry.Class(args[0])
				if class == nil {
					return failure{exitUsage, unknownClass(registry, args[0])}
				}
				classes = []*graph.Class{class}
			}
			switch {
			case asJSON:
				return describeJSON(a.Out, classes, host.Choices)
			case len(args) == 1:
				return describe(a.Out, classes[0], host.Choices)
			default:
				return listClasses(a.Out, classes)
			}
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print the classes as /object_info does")
	return c
}

func unknownClass(registry *graph.Registry, name string) error {
	var alike []string
	for _, c := range registry.Classes() {
		if strings.Contains(strings.ToLower(c.Name+" "+c.Title), strings.ToLower(name)) {
			alike = append(alike, c.Name)
		}
	}
	if len(alike) == 0 {
		return fmt.Errorf("no node class %q; oneactor nodes lists them all", name)
	}
	return fmt.Errorf("no node class %q; there are %s", name, strings.Join(alike, ", "))
}

func listClasses(w io.Writer, classes []*graph.Class) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range classes {
		title := c.Title
		if title == "-" {
			title = ""
		}
		fmt.Fprintf(t, "%s\t%s\t%s\n", c.Name, c.Category, title)
	}
	return t.Flush()
}

func describeJSON(w io.Writer, classes []*graph.Class, choices graph.Choices) error {
	all := ojson.NewObject()
	for _, c := range classes {
		info, err := c.ObjectInfo(choices)
		if err != nil {
			return failure{exitFailed, err}
		}
		all.Set(c.Name, info)
	}
	return writeJSON(w, all)
}

// describe prints one class for a person.
func describe(w io.Writer, c *graph.Class, choices graph.Choices) error {
	info, err := c.ObjectInfo(choices)
	if err != nil {
		return failure{exitFailed, err}
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%s\t%s\n", c.Name, c.Category)
	if c.Doc != "" {
		fmt.Fprintf(t, "\t%s\n", c.Doc)
	}
	inputs, _ := info.Get("input")
	for group, list := range inputs.(*ojson.Object).All() {
		if group == "hidden" {
			continue
		}
		for name, spec := range list.(*ojson.Object).All() {
			label := "in"
			if group == "optional" {
				label = "in (optional)"
			}
			text, err := ojson.Marshal(spec, ojson.Compact)
			if err != nil {
				return failure{exitFailed, err}
			}
			fmt.Fprintf(t, "%s\t%s\t%s\n", label, name, text)
		}
	}
	for _, o := range c.Outputs {
		fmt.Fprintf(t, "out\t%s\t%s\n", o.Name, o.Type)
	}
	return t.Flush()
}

// writeJSON prints v indented.
func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

package folder

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
)

// ExtraPathsFile is the name looked for in the base directory.
const ExtraPathsFile = "extra_model_paths.yaml"

// readExtraPaths adds the folders of the base directory's own file, if there is one, and of the files named.
func (l *Layout) readExtraPaths(files []string) error {
	own := filepath.Join(l.base, ExtraPathsFile)
	if err := l.readExtraFile(own); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, f := range files {
		if err := l.readExtraFile(f); err != nil {
			return err
		}
	}
	return nil
}

// readExtraFile adds the folders of one file:
//
//	any_name:
//	    base_path: ~/ai          # optional, relative to the file
//	    is_default: true         # optional, search these folders first
//	    checkpoints: models/sd   # one path, or several, one a line
func (l *Layout) readExtraFile(file string) error {
	file, err := filepath.Abs(file)
	if err != nil {
		return fmt.Errorf("extra model paths: %w", err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("extra model paths: %w", err)
	}
	var doc yaml.Node
	if err := yaml.NewDecoder(bytes.NewReader(text)).Decode(&doc); errors.Is(err, io.EOF) {
		return nil
	} else if err != nil {
		return fmt.Errorf("extra model paths: %s: %w", file, err)
	}
	sections, err := entries(doc.Content[0])
	if err != nil {
		return fmt.Errorf("extra model paths: %s: %w", file, err)
	}
	for _, s := range sections {
		if s.value.Tag == "!!null" {
			continue
		}
		if err := l.addSection(s.value, filepath.Dir(file)); err != nil {
			return fmt.Errorf("extra model paths: %s: %s: %w", file, s.key, err)
		}
	}
	return nil
}

// addSection adds the folders of one top-level key, in the order they are written.
func (l *Layout) addSection(n *yaml.Node, dir string) error {
	all, err := entries(n)
	if err != nil {
		return err
	}
	isDefault := false
	var folders []entry
	for _, e := range all {
		switch e.key {
		case "base_path":
			p, err := text(e)
			if err != nil {
				return err
			}
			if p, err = expand(p); err != nil {
				return fmt.Errorf("line %d: base_path: %w", e.value.Line, err)
			}
			dir = join(dir, p)
		case "is_default":
			if err := e.value.Decode(&isDefault); err != nil {
				return fmt.Errorf("line %d: is_default: %q is not true or false", e.value.Line, e.value.Value)
			}
		default:
			folders = append(folders, e)
		}
	}
	for _, e := range folders {
		lines, err := text(e)
		if err != nil {
			return err
		}
		for _, p := range strings.Split(lines, "\n") {
			if p = strings.TrimSpace(p); p != "" {
				l.addDir(e.key, join(dir, p), isDefault)
			}
		}
	}
	return nil
}

// entry is one key of a mapping.
type entry struct {
	key   string
	value *yaml.Node
}

func entries(n *yaml.Node) ([]entry, error) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Tag == "!!null" {
		return nil, nil
	}
	if n.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("line %d: want \"key: value\" lines, not %s", n.Line, kindName(n))
	}
	var out []entry
	for i := 0; i+1 < len(n.Content); i += 2 {
		v := n.Content[i+1]
		if v.Kind == yaml.AliasNode {
			v = v.Alias
		}
		out = append(out, entry{n.Content[i].Value, v})
	}
	return out, nil
}

func text(e entry) (string, error) {
	if e.value.Kind != yaml.ScalarNode || e.value.Tag == "!!null" {
		return "", fmt.Errorf("line %d: %s: want a path, or several paths, one a line after \"|\", not %s", e.value.Line, e.key, kindName(e.value))
	}
	return e.value.Value, nil
}

func kindName(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Tag == "!!null":
		return "nothing"
	}
	return fmt.Sprintf("%q", n.Value)
}

func join(dir, p string) string {
	if filepath.IsAbs(p) {
		return filepath.Clean(p)
	}
	return filepath.Join(dir, p)
}

var variable = regexp.MustCompile(`\$(?:\w+|\{[^}]*\})`)

// expand replaces a leading ~ or ~name and $NAME or ${NAME}; a variable that is not set stays as it is written.
func expand(p string) (string, error) {
	if strings.HasPrefix(p, "~") {
		name, rest, _ := strings.Cut(p[1:], "/")
		home, err := homeOf(name)
		if err != nil {
			return "", err
		}
		p = filepath.Join(home, rest)
	}
	return variable.ReplaceAllStringFunc(p, func(v string) string {
		if value, ok := os.LookupEnv(strings.Trim(v, "${}")); ok {
			return value
		}
		return v
	}), nil
}

func homeOf(name string) (string, error) {
	if name == "" {
		return os.UserHomeDir()
	}
	u, err := user.Lookup(name)
	if err != nil {
		return "", err
	}
	return u.HomeDir, nil
}

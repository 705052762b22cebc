package folder

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
)

// NotFound is the error for a model that none of the directories of its key holds.
type NotFound struct {
	Key, Name string
	Nearest   []string // names that are there, most alike first
	Dirs      []string // where it was looked for
}

func (e *NotFound) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Model in folder '%s' with filename '%s' not found.", e.Key, e.Name)
	if len(e.Nearest) > 0 {
		fmt.Fprintf(&b, " Did you mean '%s'?", strings.Join(e.Nearest, "' or '"))
	}
	fmt.Fprintf(&b, " Searched: %s", strings.Join(e.Dirs, ", "))
	return b.String()
}

// Is makes the error one that wraps fs.ErrNotExist.
func (e *NotFound) Is(target error) bool { return target == fs.ErrNotExist }

// Find is the path of the model called name; the first directory of key that has it wins. The name is taken relative to
// the directory whatever it starts with, so ".." does not lead out of it. The error is a *NotFound or wraps ErrUnknownKey.
func (l *Layout) Find(key, name string) (string, error) {
	f, err := l.folder(key)
	if err != nil {
		return "", err
	}
	exists := isFile
	if f.match == nil {
		exists = isDir
	}
	sep := string(filepath.Separator)
	inside := strings.TrimPrefix(filepath.Clean(sep+name), sep)
	if name != "" && !strings.ContainsRune(name, 0) {
		for _, dir := range f.dirs {
			if path := filepath.Join(dir, inside); exists(path) {
				return path, nil
			}
		}
	}
	names, err := l.List(key)
	if err != nil {
		return "", err
	}
	return "", &NotFound{Key: key, Name: name, Nearest: nearest(name, names), Dirs: f.dirs}
}

// FindEmbedding is the file of a textual inversion as a prompt names it: in any directory of the key "embeddings" or below,
// with or without its extension, and with folders in front or not, which prompts written on Windows separate by "\".
// A name that would leave such a directory is not found.
func (l *Layout) FindEmbedding(name string) (path string, ok bool) {
	name = strings.ReplaceAll(name, `\`, "/")
	if !filepath.IsLocal(name) || strings.ContainsRune(name, 0) {
		return "", false
	}
	c, err := l.listing("embeddings")
	if err != nil {
		return "", false
	}
	for _, dir := range c.dirs {
		for _, ext := range []string{"", ".safetensors", ".pt", ".bin"} {
			if path := filepath.Join(dir, name) + ext; isFile(path) {
				return path, true
			}
		}
	}
	return "", false
}

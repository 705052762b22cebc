package folder

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// ErrUnknownKey is wrapped by the error for a model folder key that no table and no extra_model_paths.yaml names.
var ErrUnknownKey = errors.New("unknown model folder")

// Config says where the roots are. The zero value uses the current directory.
type Config struct {
	Base   string // holds models/, input/, output/, temp/, user/; empty means the current directory
	Output string // empty means Base/output
	Input  string // empty means Base/input
	Temp   string // parent of the folder "temp"; empty means Base
	User   string // empty means Base/user

	// ExtraPaths are extra_model_paths.yaml files, read after the one in Base (which may be absent; these may not).
	ExtraPaths []string

	Disk Disk // where Save writes; nil means the operating system's files
}

// Layout maps names to paths. It is safe for concurrent use.
type Layout struct {
	base string
	root map[Root]string
	user string
	disk Disk

	keys    []string // in the order of kinds, then of the extra files
	folders map[string]*modelFolder

	mu    sync.Mutex
	lists map[string]*listing

	temp tempUse
}

// modelFolder is the search path of one key.
type modelFolder struct {
	dirs  []string // absolute, first wins
	match match
}

// New builds the layout. It reads the extra path files and nothing else; folders that do not exist count as empty.
func New(c Config) (*Layout, error) {
	base, err := filepath.Abs(c.Base)
	if err != nil {
		return nil, fmt.Errorf("base directory %q: %w", c.Base, err)
	}
	l := &Layout{
		base:    base,
		disk:    c.Disk,
		folders: make(map[string]*modelFolder, len(kinds)),
		lists:   map[string]*listing{},
	}
	if l.disk == nil {
		l.disk = osDisk{}
	}
	temp := ""
	if c.Temp != "" {
		temp = filepath.Join(c.Temp, "temp")
	}
	l.root = map[Root]string{}
	for r, path := range map[Root]string{Input: c.Input, Output: c.Output, Temp: temp} {
		if l.root[r], err = l.absolute(path, string(r)); err != nil {
			return nil, err
		}
	}
	if l.user, err = l.absolute(c.User, "user"); err != nil {
		return nil, err
	}
	for _, k := range kinds {
		l.keys = append(l.keys, k.key)
		f := &modelFolder{match: k.match}
		for _, d := range k.dirs {
			f.dirs = append(f.dirs, filepath.Join(base, filepath.FromSlash(d)))
		}
		l.folders[k.key] = f
	}
	if err := l.readExtraPaths(c.ExtraPaths); err != nil {
		return nil, err
	}
	// Models that nodes saved can be loaded again without moving them.
	for key, sub := range savedModels {
		l.addDir(key, filepath.Join(l.root[Output], sub), false)
	}
	return l, nil
}

// absolute resolves path against the current directory, or gives the folder name below base where it is empty.
func (l *Layout) absolute(path, name string) (string, error) {
	if path == "" {
		return filepath.Join(l.base, name), nil
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("%s directory %q: %w", name, path, err)
	}
	return abs, nil
}

// addDir puts dir last in the search path of key, or first where isDefault; a new key takes files of any extension.
func (l *Layout) addDir(key, dir string, isDefault bool) {
	key = currentKey(key)
	f, ok := l.folders[key]
	if !ok {
		f = &modelFolder{match: anyFile}
		l.folders[key] = f
		l.keys = append(l.keys, key)
	}
	at := slices.Index(f.dirs, dir)
	switch {
	case at < 0 && isDefault:
		f.dirs = slices.Insert(f.dirs, 0, dir)
	case at < 0:
		f.dirs = append(f.dirs, dir)
	case isDefault:
		f.dirs = slices.Insert(slices.Delete(f.dirs, at, at+1), 0, dir)
	}
}

// Keys lists the model folder keys: the built-in ones in their fixed order, then those of the extra path files.
func (l *Layout) Keys() []string { return slices.Clone(l.keys) }

// Dirs is the search path of key, whether the directories exist or not. The error wraps ErrUnknownKey.
func (l *Layout) Dirs(key string) ([]string, error) {
	f, err := l.folder(key)
	if err != nil {
		return nil, err
	}
	return slices.Clone(f.dirs), nil
}

// Dir is the absolute path of a root; it may not exist yet.
func (l *Layout) Dir(r Root) string { return l.root[r] }

// Base is the absolute path everything else is relative to by default.
func (l *Layout) Base() string { return l.base }

// User is the absolute path of settings and saved workflows.
func (l *Layout) User() string { return l.user }

func (l *Layout) folder(key string) (*modelFolder, error) {
	if f, ok := l.folders[currentKey(key)]; ok {
		return f, nil
	}
	return nil, fmt.Errorf("%w %q; known: %s", ErrUnknownKey, key, strings.Join(l.keys, ", "))
}

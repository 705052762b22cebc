package folder

import (
	"cmp"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// clockTick is the coarsest modification time a file system keeps (FAT). A directory changed that shortly before it was
// read may change again without showing it.
const clockTick = 2 * time.Second

// listing is the cached names of one key and the modification times of the directories they were read from.
type listing struct {
	names []string
	dirs  []string // that were read, each before those in it
	times map[string]time.Time
	read  time.Time
}

// fresh tells whether no directory of the listing changed and no directory of the search path appeared.
func (c *listing) fresh(dirs []string) bool {
	for dir, at := range c.times {
		if st, err := os.Stat(dir); err != nil || !st.ModTime().Equal(at) || c.read.Sub(at) < clockTick {
			return false
		}
	}
	for _, dir := range dirs {
		if _, seen := c.times[dir]; !seen && isDir(dir) {
			return false
		}
	}
	return true
}

// List gives the names of the models of key: files below its directories, links followed, sorted by code point.
// A name found in several directories is listed once. For "diffusers" they are the directories with a model_index.json.
// The error wraps ErrUnknownKey; directories that are missing or unreadable are left out.
func (l *Layout) List(key string) ([]string, error) {
	c, err := l.listing(key)
	if err != nil {
		return nil, err
	}
	return slices.Clone(c.names), nil
}

// listing is shared: callers must not change it.
func (l *Layout) listing(key string) (*listing, error) {
	f, err := l.folder(key)
	if err != nil {
		return nil, err
	}
	key = currentKey(key)
	l.mu.Lock()
	defer l.mu.Unlock()
	c, ok := l.lists[key]
	if !ok || !c.fresh(f.dirs) {
		c = f.read()
		l.lists[key] = c
	}
	return c, nil
}

func (f *modelFolder) read() *listing {
	w := walk{match: f.match, listing: &listing{names: []string{}, times: map[string]time.Time{}, read: time.Now()}}
	for _, dir := range f.dirs {
		w.dir(dir, "", nil)
	}
	slices.Sort(w.listing.names)
	w.listing.names = slices.Compact(w.listing.names)
	return w.listing
}

// walk reads directory trees, through links too, which filepath.WalkDir does not follow.
type walk struct {
	match   match // nil lists the directories that hold a model_index.json
	listing *listing
}

// dir adds what is below path, whose name relative to the model folder is rel; above are the directories on the way
// down, so that a link to one of them is not followed round and round.
func (w *walk) dir(path, rel string, above []fs.FileInfo) {
	st, err := os.Stat(path)
	if err != nil || !st.IsDir() || slices.ContainsFunc(above, func(a fs.FileInfo) bool { return os.SameFile(a, st) }) {
		return
	}
	// The time is taken before the names: a change in between makes the list stale, never wrongly fresh.
	w.listing.times[path] = st.ModTime()
	w.listing.dirs = append(w.listing.dirs, path)
	files, err := os.ReadDir(path)
	if err != nil {
		return
	}
	above = append(slices.Clip(above), st)
	for _, e := range files {
		name := filepath.Join(rel, e.Name())
		full := filepath.Join(path, e.Name())
		kind := e.Type()
		if kind&fs.ModeSymlink != 0 {
			target, err := os.Stat(full)
			if err != nil {
				continue // a link to nothing is no model
			}
			kind = target.Mode().Type()
		}
		switch {
		case kind.IsDir() && e.Name() != ".git":
			w.dir(full, name, above)
		case kind.IsDir():
		case w.match == nil && e.Name() == "model_index.json":
			w.listing.names = append(w.listing.names, cmp.Or(rel, "."))
		case w.match != nil && w.match(e.Name()):
			w.listing.names = append(w.listing.names, name)
		}
	}
}

func isDir(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.IsDir()
}

func isFile(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.Mode().IsRegular()
}

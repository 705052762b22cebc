package api

import (
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/oneactor/oneactor/graph/ojson"
)

// listUserdata lists the files of a folder of the user. Hidden ones are left out, as Python's glob does.
func (s *Server) listUserdata(c *gin.Context) error {
	dir := c.Query("dir")
	if dir == "" {
		return refuse(http.StatusBadRequest, "Directory not provided")
	}
	a, err := s.users.area(c)
	if err != nil {
		return err
	}
	name, err := a.local(dir)
	if err != nil {
		return refuse(http.StatusForbidden, "Invalid directory")
	}
	files, err := walkUser(a, name, yes(c.Query("recurse")))
	if errors.Is(err, errOutside) {
		return refuse(http.StatusForbidden, "Invalid directory")
	}
	if errors.Is(err, fs.ErrNotExist) {
		return refuse(http.StatusNotFound, "Directory not found")
	}
	if err != nil {
		return err
	}
	list := []any{}
	for _, f := range files {
		if f.info.IsDir() {
			continue
		}
		switch {
		case yes(c.Query("full_info")):
			list = append(list, fileInfo(f.rel, f.info))
		case yes(c.Query("split")):
			parts := []any{f.rel}
			for part := range strings.SplitSeq(f.rel, "/") {
				parts = append(parts, part)
			}
			list = append(list, parts)
		default:
			list = append(list, f.rel)
		}
	}
	return sendJSON(c, list)
}

// userEntry is a file or folder; rel is its name relative to the folder that is listed.
type userEntry struct {
	rel  string
	info fs.FileInfo
}

// walkUser lists what is in a folder, and in those below it. What vanishes meanwhile, or leads out of the area, is left out.
func walkUser(a area, name string, recurse bool) (list []userEntry, err error) {
	err = a.with(name, func(root *os.Root, name string) error {
		return walkRoot(root, name, "", recurse, 0, &list)
	})
	return list, err
}

const maxUserDepth = 64

func walkRoot(root *os.Root, dir, rel string, recurse bool, depth int, list *[]userEntry) error {
	f, err := root.Open(filepath.FromSlash(dir))
	if err != nil {
		return err
	}
	entries, err := f.ReadDir(-1)
	f.Close()
	if err != nil {
		return err
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		at := path.Join(dir, e.Name())
		info, err := root.Stat(filepath.FromSlash(at))
		if err != nil {
			continue
		}
		*list = append(*list, userEntry{path.Join(rel, e.Name()), info})
		if recurse && info.IsDir() && depth < maxUserDepth { // a link to a folder above would go on for ever
			_ = walkRoot(root, at, path.Join(rel, e.Name()), true, depth+1, list) // such as a folder without permission: the others still show
		}
	}
	return nil
}

// listUserdataV2 lists files and folders below a folder of the user, with paths from the user's own.
func (s *Server) listUserdataV2(c *gin.Context) error {
	a, err := s.users.area(c)
	if errors.Is(err, errUnknownUser) {
		return refuse(http.StatusForbidden, "Invalid user specified in request")
	}
	if err != nil {
		return err
	}
	requested := c.Query("path")
	if plain, err := url.PathUnescape(requested); err == nil {
		requested = plain
	}
	name, err := a.local(requested)
	if err != nil {
		return refuse(http.StatusBadRequest, "Invalid path requested")
	}
	if info, err := os.Stat(filepath.Join(a.dir, filepath.FromSlash(name))); err == nil && !info.IsDir() {
		return refuse(http.StatusBadRequest, "Requested path is not a directory")
	}
	files, err := walkUser(a, name, true)
	if errors.Is(err, errOutside) {
		return refuse(http.StatusBadRequest, "Invalid path requested")
	}
	if errors.Is(err, fs.ErrNotExist) {
		return refuse(http.StatusNotFound, "Requested path not found")
	}
	if err != nil {
		return err
	}
	slices.SortStableFunc(files, func(x, y userEntry) int {
		if x.info.IsDir() != y.info.IsDir() {
			if x.info.IsDir() {
				return -1
			}
			return 1
		}
		return strings.Compare(strings.ToLower(path.Base(x.rel)), strings.ToLower(path.Base(y.rel)))
	})
	list := []any{}
	for _, f := range files {
		entry := ojson.NewObject("name", path.Base(f.rel), "path", path.Join(name, f.rel))
		if f.info.IsDir() {
			entry.Set("type", "directory")
		} else {
			modified, _ := fileTimes(f.info)
			entry.Set("type", "file")
			entry.Set("size", f.info.Size())
			entry.Set("modified", modified)
		}
		list = append(list, entry)
	}
	return sendJSON(c, list)
}

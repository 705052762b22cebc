package api

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/oneactor/oneactor/graph/ojson"
)

func (s *Server) userRoutes(r routes) {
	r.get("/users", s.getUsers)
	r.post("/users", s.postUsers)
}

// users keeps the users of --multi-user in the file users.json: names by id. Otherwise there is one, "default".
type users struct {
	folder area
	multi  bool
	mu     sync.Mutex // held while a file of settings or users is changed
}

const (
	defaultUser = "default"
	usersFile   = "users.json"
)

var errUnknownUser = errors.New("unknown user")

func (u *users) all() (*ojson.Object, error) {
	data, err := os.ReadFile(filepath.Join(u.folder.dir, usersFile))
	if errors.Is(err, fs.ErrNotExist) {
		return ojson.NewObject(), nil
	}
	if err != nil {
		return nil, err
	}
	list, err := ojson.ParseObject(data, ojson.Limits{})
	if err != nil {
		return nil, fmt.Errorf("%s: %w; mend the file, or move it away to begin anew", filepath.Join(u.folder.dir, usersFile), err)
	}
	return list, nil
}

// id is the user of a request; the error wraps errUnknownUser.
func (u *users) id(c *gin.Context) (string, error) {
	if !u.multi {
		return defaultUser, nil
	}
	id := c.GetHeader("comfy-user")
	list, err := u.all()
	if err != nil {
		return "", err
	}
	if !list.Has(id) {
		return "", fmt.Errorf("%w: %q", errUnknownUser, id)
	}
	return id, nil
}

// area is the folder of the user of a request.
func (u *users) area(c *gin.Context) (area, error) {
	id, err := u.id(c)
	if err != nil {
		return area{}, err
	}
	name, err := u.folder.local(id)
	if err != nil {
		return area{}, err
	}
	return area{filepath.Join(u.folder.dir, filepath.FromSlash(name))}, nil
}

// getUsers says where settings are kept, and lists the users where there are several.
func (s *Server) getUsers(c *gin.Context) error {
	if s.users.multi {
		list, err := s.users.all()
		if err != nil {
			return err
		}
		return sendJSON(c, ojson.NewObject("storage", "server", "users", list))
	}
	_, err := os.Stat(filepath.Join(s.users.folder.dir, defaultUser))
	return sendJSON(c, ojson.NewObject("storage", "server", "migrated", err == nil))
}

var notInUserID = regexp.MustCompile("[^a-zA-Z0-9-_]+")

// postUsers adds a user and answers with the new id.
func (s *Server) postUsers(c *gin.Context) error {
	body, err := s.readObject(c)
	if err != nil {
		return err
	}
	name, ok := body.Get("username")
	text, isText := name.(string)
	if !ok || !isText || !s.users.multi {
		return refuse(http.StatusInternalServerError, troubleText)
	}
	s.users.mu.Lock()
	defer s.users.mu.Unlock()
	list, err := s.users.all()
	if err != nil {
		return err
	}
	for _, known := range list.All() {
		if known == text {
			return refuseJSON(http.StatusBadRequest, ojson.NewObject("error", "Duplicate username."))
		}
	}
	text = strings.TrimSpace(text)
	if text == "" {
		return refuse(http.StatusInternalServerError, troubleText)
	}
	id := notInUserID.ReplaceAllString(text, "-") + "_" + uuid.NewString()
	list.Set(id, text)
	data, err := ojson.Marshal(list, ojson.Python)
	if err != nil {
		return err
	}
	if err := s.users.folder.write(usersFile, true, bytes.NewReader(data)); err != nil {
		return err
	}
	return sendJSON(c, id)
}

package api

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/oneactor/oneactor/graph/ojson"
)

func (s *Server) settingRoutes(r routes) {
	r.get("/settings", s.getSettings)
	r.get("/settings/:id", s.getSetting)
	r.post("/settings", s.postSettings)
	r.post("/settings/:id", s.postSetting)
}

const settingsFile = "comfy.settings.json"

// pythonIndented is json.dumps(v, indent=4).
var pythonIndented = ojson.Style{Item: ",", Key: ": ", ASCII: true, Indent: "    "}

// settingsArea is the folder of the user's settings; a user that is not known has none.
func (s *Server) settingsArea(c *gin.Context) (area, error) {
	a, err := s.users.area(c)
	if errors.Is(err, errUnknownUser) {
		return a, refuse(http.StatusUnauthorized, "401: Unauthorized")
	}
	return a, err
}

// readSettings reads the settings in a folder. A file that is no JSON is as good as none, but it is not overwritten: see changeSettings.
func readSettings(a area) (settings *ojson.Object, broken bool, err error) {
	f, _, err := a.open(settingsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return ojson.NewObject(), false, nil
	}
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		return nil, false, err
	}
	settings, err = ojson.ParseObject(data, ojson.Limits{})
	if err != nil {
		slog.Error("the settings of a user can't be read", "file", f.Name(), "problem", err)
		return ojson.NewObject(), true, nil
	}
	return settings, false, nil
}

func (s *Server) getSettings(c *gin.Context) error {
	a, err := s.settingsArea(c)
	if err != nil {
		return err
	}
	settings, _, err := readSettings(a)
	if err != nil {
		return err
	}
	return sendJSON(c, settings)
}

func (s *Server) getSetting(c *gin.Context) error {
	a, err := s.settingsArea(c)
	if err != nil {
		return err
	}
	settings, _, err := readSettings(a)
	if err != nil {
		return err
	}
	value, _ := settings.Get(c.Param("id"))
	return sendJSON(c, value)
}

// changeSettings changes the settings of the user of a request. A file that can't be read is kept under another name.
func (s *Server) changeSettings(c *gin.Context, change func(*ojson.Object)) error {
	a, err := s.settingsArea(c)
	if err != nil {
		return err
	}
	s.users.mu.Lock()
	defer s.users.mu.Unlock()
	settings, broken, err := readSettings(a)
	if err != nil {
		return err
	}
	if broken {
		if err := keepBroken(a); err != nil {
			return err
		}
	}
	change(settings)
	data, err := ojson.Marshal(settings, pythonIndented)
	if err != nil {
		return err
	}
	if err := a.write(settingsFile, true, bytes.NewReader(data)); err != nil {
		return err
	}
	return empty(c)
}

func keepBroken(a area) error {
	f, _, err := a.open(settingsFile)
	if err != nil {
		return err
	}
	defer f.Close()
	return a.write("comfy.settings.broken.json", true, f)
}

// postSettings merges settings in.
func (s *Server) postSettings(c *gin.Context) error {
	body, err := s.readObject(c)
	if err != nil {
		return err
	}
	return s.changeSettings(c, func(settings *ojson.Object) {
		for key, value := range body.All() {
			settings.Set(key, value)
		}
	})
}

// postSetting sets one; the body is its value.
func (s *Server) postSetting(c *gin.Context) error {
	data, err := s.readBody(c)
	if err != nil {
		return err
	}
	value, err := ojson.Parse(data, ojson.Limits{})
	if err != nil {
		return refuse(http.StatusInternalServerError, troubleText)
	}
	return s.changeSettings(c, func(settings *ojson.Object) { settings.Set(c.Param("id"), value) })
}

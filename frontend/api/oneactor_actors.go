package api

import (
	"maps"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/oneactor/oneactor/frontend"
	"github.com/oneactor/oneactor/graph/ojson"
)

func (s *Server) actorRoutes(r routes) {
	const one = ownPrefix + "/actors/:name"
	r.bare(http.MethodGet, ownPrefix+"/actors", own(s.listActors))
	r.bare(http.MethodPost, ownPrefix+"/actors", own(s.importActor))
	r.bare(http.MethodGet, one, own(s.getActor))
	r.bare(http.MethodPatch, one, own(s.changeActor))
	r.bare(http.MethodDelete, one, own(s.deleteActor))
	r.bare(http.MethodPost, one+"/restore", own(s.restoreActor))
	r.bare(http.MethodGet, one+"/thumbnail", own(s.getThumbnail))
	r.bare(http.MethodGet, one+"/file", own(s.getActorFile))
}

// listActors lists the actors that can be used, and beside them the files that cannot.
func (s *Server) listActors(c *gin.Context) error {
	list, err := s.host.ListActors()
	if err != nil {
		return err
	}
	actors, problems := []any{}, []any{}
	for _, a := range list {
		if a.Problem != "" {
			problems = append(problems, problemFile(a.Name, a.Path, a.Problem))
		} else {
			actors = append(actors, actorObject(a))
		}
	}
	return sendJSON(c, ojson.NewObject("actors", actors, "problems", problems))
}

// problemFile tells of a file that can't be used.
func problemFile(name, path, problem string) *ojson.Object {
	return ojson.NewObject("name", name, "path", path, "problem", problem)
}

// actorObject is all that is known of an actor.
func actorObject(a frontend.Actor) *ojson.Object {
	settings := ojson.NewObject()
	for _, key := range slices.Sorted(maps.Keys(a.Settings)) {
		settings.Set(key, a.Settings[key])
	}
	var thumbnail any
	if a.Thumbnail[0] > 0 {
		thumbnail = ojson.NewObject("width", int64(a.Thumbnail[0]), "height", int64(a.Thumbnail[1]))
	}
	return ojson.NewObject(
		"name", a.Name, "path", a.Path, "bytes", a.Bytes, "modified", milliseconds(a.Modified), "word", a.Word, "concept", a.Concept,
		"family", a.Family, "fingerprint", a.Fingerprint, "pictures", int64(a.Pictures), "target", int64(a.Target), "width", int64(a.Width),
		"prompt", a.Prompt, "seed", jsonSeed(a.Seed), "steps", int64(a.Steps), "settings", settings,
		"origin", a.Origin, "licence", a.Licence, "thumbnail", thumbnail, "projector", a.Projector,
	)
}

// jsonSeed is a seed as package ojson has it.
func jsonSeed(seed uint64) any {
	if n := int64(seed); n >= 0 {
		return n
	}
	return seed
}

// usableActor is the actor of a request; one that can't be used is an error.
func (s *Server) usableActor(c *gin.Context) (frontend.Actor, error) {
	name, err := ownName(c.Param("name"))
	if err != nil {
		return frontend.Actor{}, err
	}
	a, err := s.host.ShowActor(name)
	if err == nil && a.Problem != "" {
		err = damagedFile(a.Problem)
	}
	return a, err
}

func damagedFile(problem string) error {
	return ownError(http.StatusUnprocessableEntity, "damaged", "The file cannot be used", problem+"; replace it or delete it")
}

func (s *Server) getActor(c *gin.Context) error {
	a, err := s.usableActor(c)
	if err != nil {
		return err
	}
	return sendJSON(c, actorObject(a))
}

// getThumbnail sends the picture that is kept in an actor's file.
func (s *Server) getThumbnail(c *gin.Context) error {
	as, err := ownPicture(c)
	if err != nil {
		return err
	}
	a, err := s.usableActor(c)
	if err != nil {
		return err
	}
	if a.Thumbnail[0] == 0 {
		return ownError(http.StatusNotFound, "not_found", "There is no thumbnail", "the actor "+a.Name+" was saved without one")
	}
	return sendPicture(c, as, a.Modified, a.Bytes, func() ([]byte, error) { return s.host.ActorThumbnail(a.Name, as) })
}

// getActorFile sends an actor's file, to be given away.
func (s *Server) getActorFile(c *gin.Context) error {
	a, err := s.usableActor(c)
	if err != nil {
		return err
	}
	f, err := os.Open(a.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	c.Header("Content-Type", emptyType)
	c.Header("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": filepath.Base(a.Name)}))
	serveFile(c, f, info)
	return nil
}

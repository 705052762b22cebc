package api

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/oneactor/oneactor/frontend"
	"github.com/oneactor/oneactor/graph/ojson"
)

func (s *Server) clusterRoutes(r routes) {
	const one = ownPrefix + "/clusters/:name"
	r.bare(http.MethodGet, ownPrefix+"/clusters", own(s.listClusters))
	r.bare(http.MethodGet, one, own(s.getCluster))
	r.bare(http.MethodPatch, one, own(s.changeCluster))
	r.bare(http.MethodGet, one+"/pictures/:index", own(s.getClusterPicture))
}

// listClusters lists the base sets that can be used, and beside them the files that cannot.
func (s *Server) listClusters(c *gin.Context) error {
	list, err := s.host.ListClusters()
	if err != nil {
		return err
	}
	clusters, problems := []any{}, []any{}
	for _, x := range list {
		if x.Problem != "" {
			problems = append(problems, problemFile(x.Name, x.Path, x.Problem))
		} else {
			clusters = append(clusters, clusterObject(x))
		}
	}
	return sendJSON(c, ojson.NewObject("clusters", clusters, "problems", problems))
}

func clusterObject(x frontend.Cluster) *ojson.Object {
	return ojson.NewObject(
		"name", x.Name, "path", x.Path, "bytes", x.Bytes, "modified", milliseconds(x.Modified), "pictures", int64(x.Pictures), "target", int64(x.Target),
		"width", int64(x.Width), "height", int64(x.Height), "prompt", x.Prompt, "seed", jsonSeed(x.Seed), "sigma", x.Sigma,
		"family", x.Family, "fingerprint", x.Fingerprint,
	)
}

// usableCluster is the cluster of a request; one that can't be used is an error.
func (s *Server) usableCluster(c *gin.Context) (frontend.Cluster, error) {
	name, err := ownName(c.Param("name"))
	if err != nil {
		return frontend.Cluster{}, err
	}
	x, err := s.host.ShowCluster(name)
	if err == nil && x.Problem != "" {
		err = damagedFile(x.Problem)
	}
	return x, err
}

func (s *Server) getCluster(c *gin.Context) error {
	x, err := s.usableCluster(c)
	if err != nil {
		return err
	}
	return sendJSON(c, clusterObject(x))
}

// getClusterPicture sends one picture of a base set.
func (s *Server) getClusterPicture(c *gin.Context) error {
	as, err := ownPicture(c)
	if err != nil {
		return err
	}
	x, err := s.usableCluster(c)
	if err != nil {
		return err
	}
	index, err := strconv.Atoi(c.Param("index"))
	if err != nil || index < 0 || index >= x.Pictures {
		return noPicture(http.StatusNotFound, "not_found", x, c.Param("index"))
	}
	return sendPicture(c, as, x.Modified, x.Bytes, func() ([]byte, error) { return s.host.ClusterPicture(x.Name, index, as) })
}

func noPicture(status int, kind string, x frontend.Cluster, index string) error {
	return ownError(status, kind, "There is no such picture", fmt.Sprintf("picture %s: %s has %d pictures; choose 0 to %d", index, x.Name, x.Pictures, x.Pictures-1))
}

const targetExample = `{"target": 3}`

// changeCluster chooses another target.
func (s *Server) changeCluster(c *gin.Context) error {
	body, err := readFields(c, targetExample, "target")
	if err != nil {
		return err
	}
	s.files.Lock()
	defer s.files.Unlock()
	x, err := s.usableCluster(c)
	if err != nil {
		return err
	}
	value, _ := body.Get("target")
	target, ok := value.(int64)
	if !ok {
		return ownError(http.StatusBadRequest, "bad_value", "The value cannot be set", "target is no whole number; send "+targetExample)
	}
	if target < 0 || target >= int64(x.Pictures) {
		return noPicture(http.StatusBadRequest, "bad_value", x, strconv.FormatInt(target, 10))
	}
	if err := s.host.SetClusterTarget(c.Request.Context(), x.Name, int(target)); err != nil {
		return err
	}
	if x, err = s.host.ShowCluster(x.Name); err != nil {
		return err
	}
	return sendJSON(c, clusterObject(x))
}

package api

func (s *Server) queueRoutes(r routes) {}

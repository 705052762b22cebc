package graph

import (
	"github.com/oneactor/oneactor/graph/ojson"
)

// extraPNGInfo is extra_data.extra_pnginfo with each member as the text that goes into a picture; nil where there is none.
func (r *run) extraPNGInfo() (ExtraPNGInfo, error) {
	info := r.req.ExtraData.Object("extra_pnginfo")
	if info.Len() == 0 || r.extraInfo != nil {
		return r.extraInfo, nil
	}
	list := make(ExtraPNGInfo, 0, info.Len())
	for key, value := range info.All() {
		text, err := ojson.Marshal(value, ojson.Python)
		if err != nil {
			return nil, err
		}
		list = append(list, MetadataEntry{key, string(text)})
	}
	r.extraInfo = list
	return list, nil
}

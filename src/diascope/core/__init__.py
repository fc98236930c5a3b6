"""Words of the field as types: image, geometry, case, documents, catalogue, errors, kinds of target."""

//! The whole examination on datasets made for it: arrays in memory and image files with every defect.

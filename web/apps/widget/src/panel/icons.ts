export const MINIMISE = 'M7 15h10'
export const END = 'M6.5 6.5l11 11M17.5 6.5l-11 11'
export const FACE = 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM8 14c1 1.8 2.4 2.5 4 2.5s3-.7 4-2.5M9 9v.6M15 9v.6'
export const PLANE = 'M4 12l16-8-6 16-3-6z'

import { type ReactNode, useId, useLayoutEffect, useRef } from 'react'

interface DialogParts {
  readonly title: string
  readonly onClose: () => void
  readonly children: ReactNode
}

/**
 * A native modal dialog: the page behind is inert, Escape closes it, and the focus goes back to where it came from. Mount
 * it to open it.
 */
export function Dialog({ title, onClose, children }: DialogParts) {
  const dialog = useRef<HTMLDialogElement>(null)
  const heading = useId()
  // A layout effect closes it while it is still in the page: only then does the browser give the focus back.
  useLayoutEffect(() => {
    const element = dialog.current
    element?.showModal()
    return () => element?.close()
  }, [])
  return (
    <dialog
      ref={dialog}
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
    >
      <h2 id={heading}>{title}</h2>
      {children}
    </dialog>
  )
}

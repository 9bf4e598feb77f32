// SPDX-License-Identifier: GPL-2.0
/*
 * Module virtuos-storage-service: exports the tree at parameter "root".
 */
#include <linux/file.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "vst.h"
#include "window.h"

static char *root = "/srv";
module_param(root, charp, 0444);
MODULE_PARM_DESC(root, "root of the file system to export, one with file handles");

bool vst_durable = true;
module_param_named(durable, vst_durable, bool, 0644);
MODULE_PARM_DESC(durable,
		 "answer changes only when they are on disk, so that a crash of this domain loses none");

unsigned int vst_max_nodes = 4096;
module_param_named(max_nodes, vst_max_nodes, uint, 0644);
MODULE_PARM_DESC(max_nodes, "inodes kept at hand for each primary");

struct path vst_root;
atomic_t vst_nr_conns = ATOMIC_INIT(0);

static void *storage_connect(struct veng_conn *conn)
{
	struct vst_conn *c = kvzalloc(sizeof(*c), GFP_KERNEL);

	if (!c)
		return ERR_PTR(-ENOMEM);
	vst_conn_init(c);
	atomic_inc(&vst_nr_conns);
	return c;
}

static void storage_disconnect(struct veng_conn *conn, void *priv)
{
	vst_conn_exit(priv);
	atomic_dec(&vst_nr_conns);
	kvfree(priv);
}

static const struct veng_service service = {
	.role		= "storage",
	.class		= VOS_CLASS_STORAGE,
	.connect	= storage_connect,
	.disconnect	= storage_disconnect,
	.dispatch	= vst_dispatch,
	.handle_add	= vst_handle_add,
	.handle_drop	= vst_handle_drop,
};

static int __init storage_init(void)
{
	int rc = kern_path(root, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &vst_root);

	if (rc) {
		pr_err("virtuos-storage: %s: error %d\n", root, rc);
		return rc;
	}
	rc = vst_id_init();
	if (rc)
		goto put_root;
	rc = vst_cred_init();
	if (rc)
		goto put_root;
	rc = vst_window_init();
	if (rc)
		goto put_cred;
	rc = vst_dispatch_init();
	if (rc)
		goto end_window;
	vst_orphans_init();
	vst_changes_init();
	rc = veng_service_register(&service);
	if (rc)
		goto end_dispatch;
	return 0;

end_dispatch:
	vst_orphans_exit();
	vst_dispatch_exit();
end_window:
	vst_window_exit();
put_cred:
	vst_cred_exit();
put_root:
	path_put(&vst_root);
	return rc;
}
module_init(storage_init);

static void __exit storage_exit(void)
{
	veng_service_unregister(&service);
	/*
	 * Files that workers have put are closed later. The export can be unmounted
	 * after that.
	 */
	flush_delayed_fput();
	vst_orphans_exit();
	vst_dispatch_exit();
	vst_window_exit();
	vst_cred_exit();
	path_put(&vst_root);
}
module_exit(storage_exit);

MODULE_DESCRIPTION("VirtuOS storage service");
MODULE_LICENSE("GPL");
